using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

internal sealed record Refusal(string Code, string Message, string Remedy);

/// <summary>Attempts that must fail: each says its code, what was meant and what to do; no output holds a secret, and nothing is kept.</summary>
internal sealed class RefusalScene : IDisposable
{
    /// <summary>Each attempt gives its code, its message and its remedy; and everything that its error holds.</summary>
    private const string Prepare = BackupVaultKeyTests.Secure + """

        function Try-It([scriptblock] $Action) {
            $failure = $null
            try { $null = & $Action } catch { $failure = $_ }
            "$("$($failure.FullyQualifiedErrorId)".Split(',')[0])|$failure|$($failure.ErrorDetails.RecommendedAction)"
            "#$($failure.Exception)|$($failure.TargetObject)".Replace("`n", ' ').Replace("`r", ' ')
        }

        """;

    public RefusalScene() => Place.Environment["SECUREBACKUP_CONFIG"] = Place["config"];

    public Workplace Place { get; } = new();

    /// <summary>What no output may hold, besides the password in the environment.</summary>
    public List<string> Secrets { get; } = [];

    public static void AssertSaid(Refusal refusal, FaultCode code, string part)
    {
        Assert.Equal(($"{code}", code.Remedy), (refusal.Code, refusal.Remedy));
        Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
    }

    public async Task<IReadOnlyList<Refusal>> RunAsync(string script)
    {
        var result = await Place.RunAsync(Prepare + script);
        var lines = result.ShouldSucceed().OutputLines;
        foreach (var secret in Secrets.Append(Place.Environment.GetValueOrDefault("SECUREBACKUP_TARGET_PASSWORD")).OfType<string>())
        {
            Assert.All(lines.Append(result.Error), line => Assert.DoesNotContain(secret, line, StringComparison.Ordinal));
        }

        return [.. lines.Where(static line => !line.StartsWith('#')).Select(static line => line.Split('|')).Select(static parts => new Refusal(parts[0], parts[1], parts[2]))];
    }

    public async Task<IReadOnlyList<string>> FailedChecksAsync(string address, bool isQuick = true) => await Place.LinesAsync(
        $"(Test-BackupTarget -Uri '{address}'{(isQuick ? " -Quick" : "")}).Checks.Where({{ $_.Result -eq 'Failed' }}).ForEach({{ \"$($_.Name) $($_.Code)\" }})");

    /// <summary>Neither a target nor a credential.</summary>
    public void AssertNothingKept() => Assert.Empty(Directory.Exists(Place["config"]) ? Directory.EnumerateFiles(Place["config"], "*", SearchOption.AllDirectories) : []);

    public void Dispose() => Place.Dispose();
}
