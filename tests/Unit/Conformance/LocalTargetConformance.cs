using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class LocalTargetConformance : TargetConformance
{
    private readonly TempFolder _folder = new();

    protected override TargetCapabilities Expected { get; } = MemoryTargetConformance.Plain with { MaxObjectBytes = 64L << 30 };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(A_missing_place_is_that_from_every_member_and_never_a_missing_object)] = "A folder that is missing is NotFound when it is opened, and Unavailable when it goes away: its share may come back.",
    };

    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(LocalTarget.Create(_folder["place/vault"]));

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult<Target>(LocalTarget.Create(_folder["place/vault-2"]));

    protected override Task PutStrangerAsync(string name)
    {
        var path = Path.Join(_folder["place/vault"], name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return File.WriteAllBytesAsync(path, [9], Cancel);
    }

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
