using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class RecoverySharesTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Any_three_of_five_sheets_open_the_vault_by_file_and_by_typed_words()
    {
        using var owner = await _bench.CreateAsync();
        var set = await ExportAsync(owner, 3, 5);
        Assert.Equal(5, set.Paths.Count);
        foreach (var chosen in new[] { new[] { 0, 1, 2 }, [4, 2, 0], [0, 1, 2, 3, 4] })
        {
            using var opened = await _bench.OpenAsync(Combine([.. chosen.Select(i => set.Paths[i])]), host: $"of {chosen[0]}");
            Assert.True(opened.IsReader);
            Assert.True(opened.Freshness.IsProven, "A sheet pins its vault.");
            Assert.Equal((3, 5, set.Set), Assert.Single(await VaultKeys.ListAsync(opened, Token), static key => key.IsInUse).Shares);
        }

        SecretShare[] typed = [.. new[] { 1, 3, 4 }.Select(i => SecretShare.Parse(WordsOf(set.Paths[i]), "sheet"))];
        using var byWords = await _bench.OpenAsync(RecoveryShares.Combine(typed), host: "typed");
        Assert.True(byWords.IsReader);
    }

    [Fact]
    public async Task Sheets_are_private_say_what_to_do_and_are_never_overwritten()
    {
        using var owner = await _bench.CreateAsync();
        var set = await ExportAsync(owner, 2, 2);
        var page = await File.ReadAllTextAsync(set.Paths[1], Token);
        Assert.Contains("SHEET 2 OF 2", page, StringComparison.Ordinal);
        Assert.Contains($"Vault: {owner.Id}", page, StringComparison.Ordinal);
        Assert.Contains($"Pin: {owner.Register.Genesis}", page, StringComparison.Ordinal);
        Assert.Contains("Restore-BackupVaultKey", page, StringComparison.Ordinal);
        Assert.All(page.Split('\n'), static line => Assert.InRange(line.Length, 0, 120));
        if (!OperatingSystem.IsWindows())
        {
            foreach (var path in set.Paths)
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }

            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_bench["sheets"]));
            File.SetUnixFileMode(set.Paths[0], UnixFileMode.UserRead | UnixFileMode.OtherRead);
            using var sheet = RecoverySheet.Read(set.Paths[0], _bench.Sink);
            Assert.Contains(FaultCodes.KeyFileExposed, _bench.Sink.Codes);
        }

        await File.WriteAllTextAsync(_bench["a file"], "", Token);
        await VaultBench.RefusedAsync(FaultCodes.SheetsNotWritable, () => RecoveryShares.ExportAsync(owner, new SheetRequest(2, 3, Path.Combine(_bench["a file"], "in it"), "sheets", []), Token));
        await VaultBench.RefusedAsync(FaultCodes.InvalidShareCount, () => RecoveryShares.ExportAsync(owner, new SheetRequest(4, 3, _bench["none"], "sheets", []), Token));
        Assert.False(Directory.Exists(_bench["none"]));
        Assert.Equal(2, (await VaultKeys.ListAsync(owner, Token)).Count);
    }

    [Fact]
    public async Task Too_few_mixed_repeated_and_misread_sheets_are_each_said()
    {
        using var owner = await _bench.CreateAsync();
        var one = await ExportAsync(owner, 2, 3);
        var other = await ExportAsync(owner, 2, 3, "other");
        using var elsewhere = new VaultBench();
        using var stranger = await elsewhere.CreateAsync();
        var foreign = await RecoveryShares.ExportAsync(stranger, new SheetRequest(2, 2, elsewhere["sheets"], "sheets", []), Token);

        Refused(FaultCodes.TooFewShares, one.Paths[0]);
        Refused(FaultCodes.DuplicateShare, one.Paths[0], one.Paths[0]);
        Refused(FaultCodes.SharesOfDifferentSets, one.Paths[0], other.Paths[1]);
        Refused(FaultCodes.SharesOfDifferentSets, one.Paths[0], foreign.Paths[1]);
        Refused(FaultCodes.SheetUnreadable, _bench["no such file"]);
        Refused(FaultCodes.SheetUnreadable, _bench.KeyPath);
        await VaultBench.RefusedAsync(FaultCodes.KeyOfAnotherVault, () => _bench.OpenAsync(Combine([.. foreign.Paths])));

        var text = await File.ReadAllTextAsync(one.Paths[1], Token);
        var word = WordsOf(one.Paths[1]).Split(' ')[9];
        await File.WriteAllTextAsync(_bench["typo.txt"], text.Replace($"10 {word}", word is "zero" ? "10 academic" : "10 zero", StringComparison.Ordinal), Token);
        var typo = Assert.Throws<RequestException>(() => Combine([one.Paths[0], _bench["typo.txt"]]));
        Assert.Same(FaultCodes.ShareChecksumWrong, typo.Code);
        Assert.Contains("'typo.txt'", typo.Message, StringComparison.Ordinal);
        Assert.Contains("word 10", typo.Message, StringComparison.Ordinal);

        // A set that was replaced opens nothing, and is not told to be another vault's.
        await VaultKeys.RemoveAsync(owner, ["sheets"], Token);
        await VaultBench.RefusedAsync(FaultCodes.SharesOpenNothing, () => _bench.OpenAsync(Combine([one.Paths[0], one.Paths[1]])));
        using var opened = await _bench.OpenAsync(Combine([other.Paths[2], other.Paths[0]]));

        void Refused(FaultCode code, params string[] paths) => Assert.Same(code, Assert.Throws<RequestException>(() => Combine(paths)).Code);
    }

    [Fact]
    public async Task A_sheet_knows_an_old_or_exchanged_vault()
    {
        using var owner = await _bench.CreateAsync();
        var before = _bench.Target.Clone();
        await VaultKeys.AddKeyFileAsync(owner, _bench["more.key"], "more", [], Token);
        var set = await ExportAsync(owner, 2, 2);
        _bench.Target = before;
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => _bench.OpenAsync(Combine([.. set.Paths]), host: "empty"));
    }

    private Task<SheetSet> ExportAsync(UnlockedVault owner, int threshold, int count, string label = "sheets") =>
        RecoveryShares.ExportAsync(owner, new SheetRequest(threshold, count, _bench["sheets"], label, []), Token);

    private SharesCredential Combine(IReadOnlyList<string> paths) => RecoveryShares.Combine([.. paths.Select(path => RecoverySheet.Read(path, _bench.Sink))]);

    private static string WordsOf(string path) => string.Join(
        ' ',
        File.ReadAllText(path).Split("-----BEGIN RECOVERY SHARE-----")[1].Split("-----END")[0]
            .Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(static word => !char.IsAsciiDigit(word[0])));
}
