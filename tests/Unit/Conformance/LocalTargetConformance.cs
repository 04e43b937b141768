using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class LocalTargetConformance : TargetConformance
{
    private readonly TempFolder _folder = new();

    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(LocalTarget.Create(_folder["vault"]));

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Empty(_folder.Files());
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
