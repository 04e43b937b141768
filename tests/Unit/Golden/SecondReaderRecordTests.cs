using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>Records as the engine writes them are what the specification says.</summary>
[SupportedOSPlatform("linux")]
public sealed class SecondReaderRecordTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string VaultPath => Directory.CreateDirectory(_folder["vault"]).FullName;

    private string KeyPath => _folder["owner.key"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_checks_snapshots_of_records_and_leaves_out_what_is_a_subjects()
    {
        await SecondReader.RequireAsync();
        using var vault = await CreateAsync();
        var backup = await RecordScene.BackUpAsync(vault, _folder["spill"], RecordScene.Members(20, 2).Append(("giant", new string('x', 400_000))));
        var check = await SecondReader.WithKeyFileAsync(VaultPath, KeyPath, "verify");
        check.RequireSuccess();
        Assert.EndsWith(": 0 problems\n", check.Output, StringComparison.Ordinal);
        var restored = await SecondReader.WithKeyFileAsync(VaultPath, KeyPath, "restore", backup.Snapshot.Id.ToString(), _folder["restored"]);
        restored.RequireSuccess();
        Assert.Equal(21, restored.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(static line => line.StartsWith("not restored, kind 1, a subject's: members/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task It_reads_every_kind_of_value()
    {
        await SecondReader.RequireAsync();
        using var vault = await CreateAsync();
        var record = RecordMap.Object(
        [
            new("Id", 7), new("Name", "Ada"), new("Balance", -1.50m), new("Long", long.MaxValue), new("Half", 0.5), new("Yes", true), new("None", null), new("Photo", new byte[] { 1, 255 }),
            new("Days", new[] { 1, 2 }), new("Mixed", new object?[] { 1, "a", null }), new("Ref", new Guid("00112233-4455-6677-8899-aabbccddeeff")), new("State", new RecordEnum("Shop.State", 2, "Open")),
            new("Table", new RecordMap(RecordMapKind.Hashtable, [new("b", 1), new("a", new List<object?> { 1L })], [])), new("Time", new DateTime(2020, 1, 2, 0, 0, 0, DateTimeKind.Utc)),
        ]);
        var backup = await RecordScene.BackUpAsync(vault, _folder["spill"], [(null, record), (null, "second")], hasSubjects: false);
        var run = await SecondReader.WithKeyFileAsync(VaultPath, KeyPath, "records", backup.Snapshot.Id.ToString());
        run.RequireSuccess();
        var expected = JsonNode.Parse($$"""
            {
                "Id": 7, "Name": "Ada", "Balance": { "decimal": "-1.50" }, "Long": { "int64": "{{long.MaxValue}}" }, "Half": { "float64": "0.5" }, "Yes": true, "None": null, "Photo": { "bytes": "01ff" },
                "Days": [1, 2], "Mixed": [1, "a", null], "Ref": { "uuid": "00112233445566778899aabbccddeeff" }, "State": { "enum": ["Shop.State", 2, "Open"] },
                "Table": { "a": [{ "int64": 1 }], "b": 1 }, "Time": { "dateTime": ["{{new DateTime(2020, 1, 2).Ticks}}", 1] }
            }
            """);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(lines[0])), lines[0]);
        Assert.Equal("\"second\"", lines[1]);
    }

    private async Task<UnlockedVault> CreateAsync()
    {
        var creation = new VaultCreation
        {
            KeyFilePath = KeyPath, ChunkerName = ChunkerCatalog.Small, PackSizeBytes = 128 * 1024, Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses),
        };
        return await VaultCreator.CreateAsync(LocalTarget.Create(VaultPath), creation, new UnlockContext(HostState.For(_folder["host"]), NullSink.Instance, TimeProvider.System), Token);
    }
}
