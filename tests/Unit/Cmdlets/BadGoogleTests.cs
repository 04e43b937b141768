using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Doubles.Google;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Buckets of Google Cloud Storage that refuse, each in its way, by a bare address and where they are to be registered with a key.</summary>
public sealed class BadGoogleTests : IDisposable
{
    private static readonly string[] Rights =
        ["storage.buckets.get", "storage.buckets.getIamPolicy", "storage.objects.create", "storage.objects.get", "storage.objects.list", "storage.objects.delete", "storage.objects.update"];

    private readonly RefusalScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_bucket_that_is_not_there()
    {
        await using var store = await UseAsync(GcsStore.StartAsync());
        var refusals = await RefusalsAsync(store, "absent");

        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetPlaceMissing, $"There is no bucket 'absent' at {store.Server.Address.Authority}"));
        Assert.Equal(["Place exists SB2012"], await _scene.FailedChecksAsync(AddressOn(store, "absent")));
    }

    [Fact]
    public async Task A_key_that_the_account_does_not_have()
    {
        await using var store = await UseAsync(GcsStore.StartAsync(), isForged: true);
        var refusals = await RefusalsAsync(store);

        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetKeyRejected, "(invalid_grant)"));
        Assert.Equal(["Credential accepted SB2014"], await _scene.FailedChecksAsync(AddressOn(store)));
    }

    [Fact]
    public async Task A_clock_that_is_two_hours_ahead()
    {
        await using var store = await UseAsync(GcsStore.StartAsync());
        await using var late = await GoogleIamDouble.StartAsync(new ShiftedTime { Offset = TimeSpan.FromHours(-2) });
        UseKey(late.ServiceAccount(GcsStore.Account));
        var refusals = await RefusalsAsync(store);

        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetClockSkewed, "this computer's clock is off"));
        Assert.Equal(["Clock SB2015"], await _scene.FailedChecksAsync(AddressOn(store)));
    }

    [Theory]
    [InlineData("storage.objects.create")]
    [InlineData("storage.objects.list")]
    public async Task A_right_that_is_missing(string right)
    {
        await using var store = await UseAsync(GcsStore.StartAsync());
        store.Server.Give(GcsStore.Account, Rights.Except([right]));
        var refusals = await RefusalsAsync(store);

        Assert.All(refusals, refusal =>
        {
            Assert.Equal($"{FaultCodes.TargetAccessDenied}", refusal.Code);
            Assert.Contains($"(right {right})", refusal.Message, StringComparison.Ordinal);
            Assert.Equal($"Give this credential a role with the right {right}, or use one that has it.", refusal.Remedy);
        });
    }

    [Fact]
    public async Task A_bucket_that_everybody_may_read()
    {
        await using var store = await UseAsync(GcsStore.StartAsync("""{"iamConfiguration":{"publicAccessPrevention":"inherited"}}"""));
        await store.OpenToAsync("allUsers");
        var refusals = await RefusalsAsync(store);

        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetExposed, "Everybody may use the bucket 'backups'"));
        Assert.Equal(["Put SB2018", "Not public SB2018"], await _scene.FailedChecksAsync(AddressOn(store)));
    }

    [Fact]
    public async Task A_bucket_that_was_made_without_locks_gets_none()
    {
        await using var store = await UseAsync(GcsStore.StartAsync());
        var lines = await _scene.RunAsync($"Try-It {{ Initialize-BackupTarget -Uri '{AddressOn(store)}' -LockMode Compliance -ErrorAction Stop -WarningAction SilentlyContinue }}");

        Assert.Equal($"{FaultCodes.SetupRefused}", lines[0].Code);
        Assert.All(store.Server.Requests, static request => Assert.Equal("GET", request.HttpMethod));
        _scene.AssertNothingKept();
    }

    [Fact]
    public async Task A_lock_that_is_not_kept()
    {
        await using var store = await UseAsync(GcsStore.StartLockingAsync(new GcsDoubleOptions { IgnoresLocks = true }));

        Assert.Equal(["Lock SB2019", "Legal hold SB2019"], await _scene.FailedChecksAsync(AddressOn(store), isQuick: false));
    }

    [Fact]
    public async Task A_quota_that_is_used_up()
    {
        await using var store = await UseAsync(GcsStore.StartAsync(options: new GcsDoubleOptions { MaxBytes = 256 * 1024 }));
        var noise = new byte[1024 * 1024];
        new Random(11).NextBytes(noise);
        File.WriteAllBytes(_scene.Place["crm/noise.bin"], noise);
        var lines = await _scene.RunAsync($$"""
            $place = '{{AddressOn(store)}}'
            $null = New-BackupVault $place
            Try-It { Start-CustomerBackup ./crm -Vault $place }
            "$(@(Get-CustomerBackup -Vault $place).Count)||"
            """);

        RefusalScene.AssertSaid(lines[0], FaultCodes.TargetQuotaExceeded, "uota");
        Assert.Equal("0", lines[1].Code);
    }

    [Fact]
    public async Task A_certificate_that_nobody_trusted_signed()
    {
        using var folder = new TempFolder();
        using var certificate = Certificates.Make(folder.FullPath);
        await using var store = await UseAsync(GcsStore.StartAsync(options: new GcsDoubleOptions { Certificate = certificate }, tokens: certificate));
        var refusals = await RefusalsAsync(store);

        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetUntrusted, "certificate"));
        Assert.Equal(["Transport SB2016"], await _scene.FailedChecksAsync(AddressOn(store)));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(407)]
    public async Task A_proxy_that_refuses(int status)
    {
        await using var store = await UseAsync(GcsStore.StartAsync());
        await using var proxy = await RefusingProxy.StartAsync(status);
        var more = $"&proxy={proxy.Address.Authority}";
        var refusals = await RefusalsAsync(store, more: more);

        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetProxyRefused, $"{proxy.Address.Authority} refused the connection ({status})"));
        Assert.Empty(store.Server.Requests);
        Assert.Equal(["Transport SB2017"], await _scene.FailedChecksAsync(AddressOn(store, more: more)));
    }

    [Fact]
    public async Task An_address_or_a_credential_that_is_none()
    {
        const string Secret = "hunter2hunter2";
        await using var store = await UseAsync(GcsStore.StartAsync());
        _scene.Secrets.Add(Secret);
        _scene.Place.Environment["WRONG"] = Secret;
        var place = AddressOn(store);
        var lines = await _scene.RunAsync($$"""
            $wrong = [pscredential]::new('me', (Secure $env:WRONG))
            foreach ($cmdlet in { Register-BackupTarget offsite $args[0] }, { New-BackupVault $args[0] }, { Test-BackupTarget -Uri $args[0] -ErrorAction Stop }, { Initialize-BackupTarget -Uri $args[0] -ErrorAction Stop }) {
                Try-It { & $cmdlet '{{place}}&apikey={{Secret}}' }
                Try-It { & $cmdlet 'gs://backups/x?endpoint=http://storage.example.org' }
                Try-It { & $cmdlet '{{place}}&colour=red' }
                Try-It { & $cmdlet 'gs://' }
                Try-It { & $cmdlet 'gs://backups/{{new string('p', 900)}}' }
            }
            Try-It { Register-BackupTarget offsite '{{place}}' -Credential $wrong }
            Try-It { Register-BackupTarget offsite '{{place}}' -CredentialFile ./none.json }
            ($env:SECUREBACKUP_TARGET_USER, $env:SECUREBACKUP_TARGET_PASSWORD) = ('me', $env:WRONG)
            Try-It { New-BackupVault '{{place}}' }
            """);

        FaultCode[] each = [FaultCodes.SecretInAddress, FaultCodes.PlainHttpRefused, FaultCodes.TargetOptionInvalid, FaultCodes.TargetAddressInvalid, FaultCodes.TargetNameTooLong];
        Assert.Equal(
            Enumerable.Repeat(each, 4).SelectMany(static codes => codes).Concat([FaultCodes.CredentialNotUsable, FaultCodes.CredentialMissing, FaultCodes.CredentialNotUsable]).Select(static code => $"{code}"),
            lines.Select(static line => line.Code));
        Assert.All(lines, static line => Assert.NotEmpty(line.Remedy));
        _scene.AssertNothingKept();
        AssertNothingPut(store);
    }

    private static string AddressOn(GcsStore store, string bucket = GcsStore.Bucket, string more = "") => $"gs://{bucket}/x?endpoint={store.Server.Address.AbsoluteUri.TrimEnd('/')}{more}";

    /// <summary>What was put to try it has been taken away again.</summary>
    private static void AssertNothingPut(GcsStore store) => Assert.Equal(0, store.Server.ObjectCount);

    private async Task<GcsStore> UseAsync(Task<GcsStore> starting, bool isForged = false)
    {
        var store = await starting;
        UseKey(store.Iam.ServiceAccount(GcsStore.Account, isForged));
        return store;
    }

    /// <summary>Of the key each line is a secret.</summary>
    private void UseKey(string json)
    {
        (_scene.Place.Environment["SECUREBACKUP_TARGET_USER"], _scene.Place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = ("_json", json);
        _scene.Secrets.AddRange(JsonNode.Parse(json)!["private_key"]!.ToString().Split('\n').Where(static line => line.Length == 64));
        _scene.Secrets.Add("ya29.");
    }

    /// <summary>Of whoever registers it with a key that is to be kept, and of whoever makes a vault there.</summary>
    private async Task<IReadOnlyList<Refusal>> RefusalsAsync(GcsStore store, string bucket = GcsStore.Bucket, string more = "")
    {
        var refusals = await _scene.RunAsync($$"""
            $place = '{{AddressOn(store, bucket, more)}}'
            $key = [pscredential]::new('_json', (Secure $env:SECUREBACKUP_TARGET_PASSWORD))
            Try-It { Register-BackupTarget offsite $place -Credential $key }
            Try-It { New-BackupVault $place }
            """);
        Assert.Equal(2, refusals.Count);
        _scene.AssertNothingKept();
        AssertNothingPut(store);
        return refusals;
    }
}
