using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>What may lie under each name after all that was acknowledged and all that was not. Null is "nothing".</summary>
internal sealed class ObjectModel
{
    private static readonly IReadOnlyList<byte[]?> Nothing = [null];

    private readonly Dictionary<ObjectName, IReadOnlyList<byte[]?>> _possible = [];
    private readonly List<Dictionary<ObjectName, IReadOnlyList<byte[]?>>> _earlier = [];

    internal IReadOnlyCollection<ObjectName> Names => _possible.Keys;

    internal IReadOnlyList<byte[]?> At(ObjectName name) => _possible.GetValueOrDefault(name, Nothing);

    internal void Is(ObjectName name, byte[]? bytes) => Set(name, [bytes]);

    internal void MayBe(ObjectName name, byte[]? bytes) => Set(name, [.. At(name), bytes]);

    internal void Exists(ObjectName name) => Set(name, [.. At(name).Where(bytes => bytes is not null)]);

    internal bool Allows(ObjectName name, byte[]? found) => At(name).Any(bytes => found is null ? bytes is null : bytes is not null && bytes.AsSpan().SequenceEqual(found));

    internal bool Allows(ObjectName name, long? length) => At(name).Any(bytes => bytes?.LongLength == length);

    /// <param name="maybeOld">Whether the listing may be one of an earlier moment.</param>
    internal bool Allows(IReadOnlyList<ObjectStat> listing, bool maybeOld) =>
        Allows(listing, _possible) || (maybeOld && _earlier.Exists(state => Allows(listing, state)));

    private static bool Allows(IReadOnlyList<ObjectStat> listing, Dictionary<ObjectName, IReadOnlyList<byte[]?>> state)
    {
        var listed = listing.ToDictionary(stat => stat.Name, stat => stat.LengthBytes);
        return listed.Count == listing.Count
            && listed.All(pair => state.GetValueOrDefault(pair.Key, Nothing).Any(bytes => bytes?.LongLength == pair.Value))
            && state.All(pair => listed.ContainsKey(pair.Key) || pair.Value.Contains(null));
    }

    private void Set(ObjectName name, IReadOnlyList<byte[]?> possible)
    {
        _earlier.Add(new Dictionary<ObjectName, IReadOnlyList<byte[]?>>(_possible));
        _possible[name] = possible;
    }
}
