using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Conformance;

public class GcsDoubleConformance : TargetConformance
{
    private GcsStore _store = null!;

    protected override async ValueTask<Target> CreateAsync()
    {
        _store = await StartAsync();
        return _store.OpenSmall();
    }

    private protected virtual Task<GcsStore> StartAsync() => GcsStore.StartAsync();

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Equal(0, _store.Server.UnfinishedUploads);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _store.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A bucket that keeps old generations and can lock objects.</summary>
public sealed class GcsDoubleVersionedConformance : GcsDoubleConformance
{
    private protected override Task<GcsStore> StartAsync() => GcsStore.StartLockingAsync();
}
