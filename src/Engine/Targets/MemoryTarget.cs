using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>
/// A whole target in memory, for tests and trials: the model of what every target must keep, locks and versions too, by its clock. What it holds can be looked at and
/// tampered with directly.
/// </summary>
public sealed class MemoryTarget(TimeProvider? clock = null, MemoryTargetOptions? options = null) : Target
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly MemoryTargetOptions _options = options ?? MemoryTargetOptions.Default;
    private readonly MemoryVersions _versions = new();

    public override string DisplayName => "memory";

    public override TargetCapabilities Capabilities { get; } = CapabilitiesOf(options ?? MemoryTargetOptions.Default);

    /// <summary>Everything that is stored at this moment, by name.</summary>
    public IReadOnlyDictionary<ObjectName, ReadOnlyMemory<byte>> Objects =>
        new SortedDictionary<ObjectName, ReadOnlyMemory<byte>>(_versions.Newest().ToDictionary(static version => version.Name, static version => (ReadOnlyMemory<byte>)version.Bytes));

    private DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>An independent target with the same content.</summary>
    public MemoryTarget Clone()
    {
        var clone = new MemoryTarget(_clock, _options);
        clone._versions.CopyFrom(_versions);
        return clone;
    }

    /// <summary>The bytes of all versions of a name, newest first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> VersionsOf(ObjectName name) => [.. _versions.Of(name).Select(static version => (ReadOnlyMemory<byte>)version.Bytes)];

    /// <summary>What a hostile storage does: other bytes under a name, new or old, whatever was locked.</summary>
    public void Replace(ObjectName name, ReadOnlySpan<byte> bytes)
    {
        var replaced = new MemoryVersion(name, _versions.NextId(), bytes.ToArray(), Now);
        _versions.Change(name, _ => [replaced]);
    }

    /// <summary>What a hostile storage does: an object is gone. False where there was none.</summary>
    public bool Remove(ObjectName name) => _versions.Change(name, static _ => []).Count > 0;

    /// <summary>What others do to a versioned place: the name looks deleted, and its versions are there.</summary>
    public void HideBehindMarker(ObjectName name) => _versions.Change(name, stored => [new MemoryVersion(name, _versions.NextId(), [], Now) { IsDeleteMarker = true }, .. stored]);

    /// <summary>Moves an object to cold storage.</summary>
    public void Freeze(ObjectName name) => ChangeNewest(name, static newest => newest with { IsFrozen = true, Warmth = null });

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLockNotKept(Capabilities);
        ThrowIfNotKept(name, options.Lock);
        given.ThrowIfLongerThan(Capabilities.MaxObjectBytes);
        Meter.Count(RequestKind.Put);
        using var bytes = new MemoryStream((int)given.LengthBytes);
        await given.CopyToAsync(bytes, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        Meter.AddSent(bytes.Length);

        var put = new MemoryVersion(name, _versions.NextId(), bytes.ToArray(), Now) { StorageClass = options.StorageClass, Lock = options.Lock, LegalHold = options.LegalHold };
        _versions.Change(name, stored => WithPut(stored, put, options.IfAbsent));
        return new PutReceipt(put.Bytes.Length, put.StoreTime)
        {
            Tag = put.Id,
            Version = _options.IsVersioned ? put.Id : null,
            Lock = options.Lock is null && !options.LegalHold ? null : put.LockState,
        };
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Begin(RequestKind.Get, cancellationToken);
        Read(Require(name), offset, destination);
        return Task.CompletedTask;
    }

    public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        Begin(RequestKind.Get, cancellationToken);
        if (_versions.NewestOf(name) is not { } stored)
        {
            return Task.FromResult<WholeObject?>(null);
        }

        var stat = stored.DescribeAt(Now);
        if (stat.LengthBytes > maxBytes)
        {
            return Task.FromResult<WholeObject?>(new WholeObject(stat, null));
        }

        var bytes = new byte[stat.LengthBytes];
        Read(stored, 0, bytes);
        return Task.FromResult<WholeObject?>(new WholeObject(stat, bytes));
    }

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Begin(RequestKind.Stat, cancellationToken);
        return Task.FromResult(_versions.NewestOf(name)?.DescribeAt(Now));
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        Begin(RequestKind.List, cancellationToken);
        var now = Now;
        var found = _versions.Newest().Where(version => IsBelow(version, prefix) && version.StoreTime + _options.ListLag <= now);
        foreach (var version in _options.ListsInOrder ? found.OrderBy(static version => version.Name) : found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return version.DescribeAt(now);
        }
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Begin(RequestKind.Delete, cancellationToken);
        var now = Now;
        var stored = _versions.Change(name, versions => [.. versions.Where(version => version.IsKeptAt(now))]);
        return stored.Any(version => version.IsKeptAt(now)) ? throw Locked(name) : Task.CompletedTask;
    }

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken)
    {
        ThrowIfLacking(Capabilities.ObjectLock, nameof(TargetCapabilities.ObjectLock));
        Begin(RequestKind.Other, cancellationToken);
        return Task.FromResult(Require(name).LockState);
    }

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken)
    {
        ThrowIfLacking(Capabilities.ObjectLock, nameof(TargetCapabilities.ObjectLock));
        Begin(RequestKind.Other, cancellationToken);
        ThrowIfNotKept(name, until);
        var now = Now;
        return Task.FromResult(ChangeNewest(
            name,
            newest => newest.Lock is { } stands && stands.Until > now && (until.Mode < stands.Mode || until.Until < stands.Until) ? throw Locked(name) : newest with { Lock = until }).LockState);
    }

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken)
    {
        ThrowIfLacking(Capabilities.LegalHold, nameof(TargetCapabilities.LegalHold));
        Begin(RequestKind.Other, cancellationToken);
        return Task.FromResult(ChangeNewest(name, newest => newest with { LegalHold = isHeld }).LockState);
    }

    public override async IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfLacking(Capabilities.Versions, nameof(TargetCapabilities.Versions));
        ObjectPrefix.ThrowIfInvalid(prefix);
        Begin(RequestKind.List, cancellationToken);
        var now = Now;
        foreach (var (version, isNewest) in _versions.All().Where(item => IsBelow(item.Version, prefix)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new ObjectVersion(version.DescribeAt(now), version.Id, isNewest, version.IsDeleteMarker);
        }
    }

    public override Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ThrowIfLacking(Capabilities.Versions, nameof(TargetCapabilities.Versions));
        Begin(RequestKind.Get, cancellationToken);
        Read(_versions.Of(name).FirstOrDefault(stored => string.Equals(stored.Id, version, StringComparison.Ordinal) && !stored.IsDeleteMarker) ?? throw NotFound(name), offset, destination);
        return Task.CompletedTask;
    }

    public override Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken)
    {
        ThrowIfLacking(Capabilities.ColdStorage, nameof(TargetCapabilities.ColdStorage));
        Begin(RequestKind.Other, cancellationToken);
        var now = Now;
        var ready = now + _options.WarmsWithin;
        var isNew = false;
        var warmed = ChangeNewest(name, newest => (isNew = newest.AccessAt(now) == ObjectAccess.Cold) ? newest with { Warmth = (ready, ready + options.KeepFor) } : newest);
        var access = warmed.AccessAt(now);
        return Task.FromResult(new WarmReceipt(access, access == ObjectAccess.Warming ? warmed.Warmth!.Value.From - now : null) { IsNew = isNew });
    }

    public override Task<long?> GetRoomAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_options.QuotaBytes - _versions.Bytes);
    }

    private static TargetCapabilities CapabilitiesOf(MemoryTargetOptions options) => new()
    {
        ConditionalPut = true,
        ListAfterWrite = options.ListLag == TimeSpan.Zero,
        MaxListLag = options.ListLag == TimeSpan.Zero ? null : options.ListLag,
        EnforcesWriteOnce = false,
        ObjectLock = options.LockModes != LockModes.None,
        LockModes = options.LockModes,
        Versions = options.IsVersioned,
        LegalHold = options.LockModes != LockModes.None,
        ServerChecksum = false,
        ColdStorage = options.HasColdStorage,
        ListsInOrder = options.ListsInOrder,
        IsNear = options.IsNear,
        ParallelPuts = options.ParallelPuts,
        MaxObjectBytes = 1L << 30,
    };

    private static bool IsBelow(MemoryVersion version, string prefix) => version.Name.Value.StartsWith(prefix, StringComparison.Ordinal);

    private static TargetException NotFound(ObjectName name) => new(TargetFault.NotFound, $"There is no object '{name}' in memory.");

    private static TargetException Locked(ObjectName name) => new(TargetFault.Locked, $"'{name}' is locked in memory.");

    private void Begin(RequestKind kind, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(kind);
    }

    private IReadOnlyList<MemoryVersion> WithPut(IReadOnlyList<MemoryVersion> stored, MemoryVersion put, bool ifAbsent)
    {
        if (ifAbsent && stored is [{ IsDeleteMarker: false }, ..])
        {
            throw new TargetException(TargetFault.AlreadyExists, $"'{put.Name}' exists in memory.");
        }

        if (!_options.IsVersioned && stored.Any(version => version.IsKeptAt(put.StoreTime)))
        {
            throw Locked(put.Name);
        }

        if (_options.QuotaBytes is { } quota && _versions.Bytes + put.Bytes.Length > quota)
        {
            throw new TargetException(TargetFault.QuotaExceeded, $"'{put.Name}' does not fit: memory takes {quota} bytes.");
        }

        return _options.IsVersioned ? [put, .. stored] : [put];
    }

    private MemoryVersion Require(ObjectName name) => _versions.NewestOf(name) ?? throw NotFound(name);

    private MemoryVersion ChangeNewest(ObjectName name, Func<MemoryVersion, MemoryVersion> change)
    {
        MemoryVersion? changed = null;
        _versions.Change(name, stored => stored is [{ IsDeleteMarker: false } newest, ..] ? [changed = change(newest), .. stored.Skip(1)] : throw NotFound(name));
        return changed!;
    }

    private void Read(MemoryVersion stored, long offset, Memory<byte> destination)
    {
        if (stored.AccessAt(Now) != ObjectAccess.Ready)
        {
            throw new TargetException(TargetFault.Cold, $"'{stored.Name}' is in cold storage.");
        }

        if (offset > stored.Bytes.Length - destination.Length)
        {
            throw new TargetException(TargetFault.OutOfRange, $"'{stored.Name}' in memory ends before byte {offset + destination.Length}.");
        }

        stored.Bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
        Meter.AddReceived(destination.Length);
    }

    private void ThrowIfLacking(bool capability, string named)
    {
        if (!capability)
        {
            throw Lacks(named);
        }
    }

    private void ThrowIfNotKept(ObjectName name, ObjectLock? asked)
    {
        if (asked is not null && (!_options.LockModes.HasFlag((LockModes)asked.Mode) || asked.Until <= Now))
        {
            throw new TargetException(TargetFault.LockNotKept, $"'{name}' cannot be locked so in memory.");
        }
    }
}
