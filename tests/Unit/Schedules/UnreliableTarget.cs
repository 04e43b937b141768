using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>What the fault proxies are to stores behind a wire, for those in this process: calls go wrong as a schedule says.</summary>
internal sealed class UnreliableTarget(Target inner) : DelegatingTarget(inner)
{
    private readonly Dictionary<string, List<ObjectStat>> _listings = new(StringComparer.Ordinal);
    private FaultSchedule _schedule = FaultSchedule.None();
    private bool _isNextListingOld;

    /// <summary>Whether what was read may have another bit, and nobody says so.</summary>
    internal bool CorruptsObjects { get; set; }

    internal void Begin(FaultSchedule schedule)
    {
        _schedule = schedule;
        _isNextListingOld = false;
        _listings.Clear();
    }

    public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var fault = _schedule.Next();
        return fault == FaultKind.CutRequest || (fault == FaultKind.CorruptRequest && content.Length > 0)
            ? PutOtherAsync(fault, name, content, options, cancellationToken)
            : CallAsync(fault, () => Inner.PutAsync(name, content, options, cancellationToken));
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var fault = _schedule.Next();
        var isChanged = IsChanged(fault);
        await CallAsync(
            isChanged ? FaultKind.None : fault,
            async () =>
            {
                await Inner.ReadAsync(name, offset, destination, cancellationToken);
                return true;
            });
        if (isChanged)
        {
            Flip(destination);
        }
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var fault = _schedule.Next();
        var isChanged = IsChanged(fault);
        var whole = await CallAsync(isChanged ? FaultKind.None : fault, () => Inner.TryFetchAsync(name, maxBytes, cancellationToken));
        if (!isChanged || whole?.Bytes is not { } bytes)
        {
            return whole;
        }

        Memory<byte> changed = bytes.ToArray();
        Flip(changed);
        return whole with { Bytes = changed };
    }

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) => CallAsync(() => Inner.StatAsync(name, cancellationToken));

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var fault = _schedule.Next();
        var listed = await CallAsync(
            fault == FaultKind.CutAnswer ? FaultKind.None : fault,
            async () => await Inner.ListAsync(prefix, cancellationToken).ToListAsync(cancellationToken));
        if (!_listings.TryAdd(prefix, listed) && _isNextListingOld)
        {
            _isNextListingOld = false;
            _schedule.Note(FaultKind.StaleListing);
            listed = _listings[prefix];
        }

        var end = fault == FaultKind.CutAnswer ? listed.Count / 2 : listed.Count;
        for (var item = 0; item < end; item++)
        {
            yield return listed[item];
        }

        if (fault == FaultKind.CutAnswer)
        {
            _schedule.Note(fault);
            throw Broken(fault);
        }
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) => CallAsync(async () =>
    {
        await Inner.DeleteAsync(name, cancellationToken);
        return true;
    });

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => CallAsync(async () =>
    {
        await Inner.DeleteManyAsync(names, cancellationToken);
        return true;
    });

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) => CallAsync(() => Inner.GetLockAsync(name, cancellationToken));

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.ExtendLockAsync(name, until, cancellationToken));

    private bool IsChanged(FaultKind fault) => CorruptsObjects && fault == FaultKind.CorruptAnswer;

    private void Flip(Memory<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            _schedule.Note(FaultKind.CorruptAnswer);
            bytes.Span[_schedule.Pick(bytes.Length)] ^= (byte)(1 << _schedule.Pick(8));
        }
    }

    private static TargetException Broken(FaultKind kind) => kind switch
    {
        FaultKind.Busy or FaultKind.TooMany => new TargetException(TargetFault.Throttled, $"Planned: {kind}.") { RetryAfter = kind == FaultKind.Busy ? TimeSpan.FromSeconds(1) : null },
        FaultKind.CorruptRequest or FaultKind.CorruptAnswer => new TargetException(TargetFault.Garbled, $"Planned: {kind}."),
        _ => new TargetException(TargetFault.Unavailable, $"Planned: {kind}."),
    };

    private Task<T> CallAsync<T>(Func<Task<T>> call) => CallAsync(_schedule.Next(), call);

    private async Task<T> CallAsync<T>(FaultKind fault, Func<Task<T>> call)
    {
        _isNextListingOld |= fault == FaultKind.StaleListing;
        switch (fault)
        {
            case FaultKind.None or FaultKind.Drip or FaultKind.StaleListing:
                return await call();
            case FaultKind.Duplicate:
                _schedule.Note(fault);
                await call();
                return await call();
            case FaultKind.LostAnswer or FaultKind.CutAnswer or FaultKind.CorruptAnswer:
                _schedule.Note(fault);
                await call();
                throw Broken(fault);
            default:
                _schedule.Note(fault);
                throw Broken(fault);
        }
    }

    /// <summary>The content breaks off, or has another bit than its sum says: the target inside must keep nothing of it.</summary>
    private async Task<PutReceipt> PutOtherAsync(FaultKind fault, ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        _schedule.Note(fault);
        var bytes = new byte[content.Length];
        content.Position = 0;
        await content.ReadExactlyAsync(bytes, cancellationToken);
        var known = options with { Sha256 = ContentHash.Of(bytes) };
        if (fault == FaultKind.CorruptRequest)
        {
            bytes[_schedule.Pick(bytes.Length)] ^= (byte)(1 << _schedule.Pick(8));
        }

        using var other = new Conformance.ProbeStream(bytes)
        {
            AtByte = fault == FaultKind.CutRequest ? bytes.Length / 2 : long.MaxValue,
            Action = () => throw Broken(fault),
        };
        try
        {
            return await Inner.PutAsync(name, other, known, cancellationToken);
        }
        catch (IntegrityException)
        {
            throw Broken(fault);
        }
    }
}
