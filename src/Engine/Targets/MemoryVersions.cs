using System.Globalization;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>What a <see cref="MemoryTarget"/> holds: of each name its versions, newest first.</summary>
internal sealed class MemoryVersions
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectName, IReadOnlyList<MemoryVersion>> _versions = [];
    private long _ids;

    /// <summary>Of all versions.</summary>
    public long Bytes { get; private set; }

    public string NextId() => Interlocked.Increment(ref _ids).ToString("x8", CultureInfo.InvariantCulture);

    public IReadOnlyList<MemoryVersion> Of(ObjectName name)
    {
        lock (_gate)
        {
            return _versions.GetValueOrDefault(name, []);
        }
    }

    public MemoryVersion? NewestOf(ObjectName name) => Of(name) is [{ IsDeleteMarker: false } newest, ..] ? newest : null;

    public List<MemoryVersion> Newest()
    {
        lock (_gate)
        {
            return [.. _versions.Values.Select(static versions => versions[0]).Where(static version => !version.IsDeleteMarker)];
        }
    }

    public List<(MemoryVersion Version, bool IsNewest)> All()
    {
        lock (_gate)
        {
            return [.. _versions.Values.SelectMany(static versions => versions.Select((version, at) => (version, at == 0)))];
        }
    }

    /// <summary>One atomic step; what <paramref name="change"/> throws leaves everything as it was.</summary>
    /// <returns>What was there before.</returns>
    public IReadOnlyList<MemoryVersion> Change(ObjectName name, Func<IReadOnlyList<MemoryVersion>, IReadOnlyList<MemoryVersion>> change)
    {
        lock (_gate)
        {
            var stored = _versions.GetValueOrDefault(name, []);
            var changed = change(stored);
            Bytes += BytesOf(changed) - BytesOf(stored);
            if (changed.Count > 0)
            {
                _versions[name] = changed;
            }
            else
            {
                _versions.Remove(name);
            }

            return stored;
        }
    }

    public void CopyFrom(MemoryVersions other)
    {
        lock (other._gate)
        {
            foreach (var (name, versions) in other._versions)
            {
                _versions[name] = versions;
            }

            (_ids, Bytes) = (other._ids, other.Bytes);
        }
    }

    private static long BytesOf(IReadOnlyList<MemoryVersion> versions)
    {
        var sum = 0L;
        foreach (var version in versions)
        {
            sum += version.Bytes.Length;
        }

        return sum;
    }
}
