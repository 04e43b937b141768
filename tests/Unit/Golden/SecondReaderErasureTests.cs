using System.Runtime.Versioning;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Tests.Unit.Pipeline;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>A vault with a keyring, a ledger and holds is still one that a reader made from the specification alone opens.</summary>
[SupportedOSPlatform("linux")]
public sealed class SecondReaderErasureTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_lists_a_vault_with_erased_customers_and_holds()
    {
        await SecondReader.RequireAsync();
        await using var target = LocalTarget.Create(_folder["vault"]);
        var context = new UnlockContext(HostState.For(_folder["cache"]), NullSink.Instance, TimeProvider.System);
        using var owner = await VaultCreator.CreateAsync(target, new VaultCreation { KeyFilePath = _folder["owner.key"] }, context, Token);
        await RecordScene.BackUpAsync(owner, _folder["spool"], RecordScene.Members(count: 5, recordsOfEach: 2));
        await SubjectScene.EraseAsync(owner, "3");
        await SubjectScene.EraseAsync(owner, "4");
        var dataSet = owner.Keys.DataSetIdOf(RecordScene.DataSet);
        var request = new HoldRequest(HoldScope.DataSet, dataSet.Value, [dataSet], RecordScene.DataSet) { Reason = "audit", Owner = "finance" };
        var (hold, _) = await LegalHolds.PlaceAsync(owner, request, Token);
        await LegalHolds.PlaceAsync(owner, request, Token);
        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "closed", Token);

        var run = await SecondReader.WithKeyFileAsync(_folder["vault"], _folder["owner.key"], "list");
        run.RequireSuccess();
        Assert.Single(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
