using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>
/// The target as one party sees it: at a chosen operation something else happens first (time passes, others act), at another the line dies, the operation done or not; and listings may be
/// behind.
/// </summary>
internal sealed class ChaosTarget(Target inner, TimeProvider clock, int seed) : DelegatingTarget(inner)
{
    private readonly Random _random = new(seed);
    private readonly AsyncLocal<bool> _isWithin = new();
    private int _operations;
    private bool _isBusy;
    private Task _interruption = Task.CompletedTask;

    /// <summary>By how much listings may be behind; zero for a punctual store.</summary>
    internal TimeSpan Lag { get; init; }

    internal int InterruptAt { get; set; } = -1;

    internal Func<Task>? Interruption { get; set; }

    /// <summary>Happens once, when the first byte of a pack is asked for.</summary>
    internal Func<Task>? BeforePack { get; set; }

    internal int DieAt { get; set; } = -1;

    internal bool DiesAfter { get; set; }

    internal bool HasDied { get; private set; }

    internal int Operations => _operations;

    /// <summary>So many objects that were there were not listed.</summary>
    internal long Missed { get; private set; }

    public override TargetCapabilities Capabilities => Lag == TimeSpan.Zero ? base.Capabilities : base.Capabilities with { ListAfterWrite = false, MaxListLag = Lag };

    internal void Arm(int interruptAt, Func<Task>? interruption, int dieAt, bool diesAfter)
    {
        (_operations, InterruptAt, Interruption, DieAt, DiesAfter, HasDied) = (0, interruptAt, interruption, dieAt, diesAfter, false);
    }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var dies = await BeginAsync();
        var receipt = await base.PutAsync(name, content, options, cancellationToken);
        Die(dies);
        return receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (BeforePack is { } first && offset == 0 && name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal))
        {
            BeforePack = null;
            await first();
        }

        var dies = await BeginAsync();
        await base.ReadAsync(name, offset, destination, cancellationToken);
        Die(dies);
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var dies = await BeginAsync();
        var found = await base.TryFetchAsync(name, maxBytes, cancellationToken);
        Die(dies);
        return found;
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var dies = await BeginAsync();
        var stat = await base.StatAsync(name, cancellationToken);
        Die(dies);
        return stat;
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Die(await BeginAsync());
        var now = clock.GetUtcNow();
        await foreach (var stat in base.ListAsync(prefix, cancellationToken))
        {
            if (now - stat.StoreTime >= Lag || !IsMissed())
            {
                yield return stat;
            }
        }
    }

    /// <summary>A pack goes before time passes: that this takes no time is what the protocol assumes of a store (docs/design/collection.md).</summary>
    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal) && Interruption is not null && _operations + 1 == InterruptAt)
        {
            await base.DeleteAsync(name, cancellationToken);
        }

        var dies = await BeginAsync();
        await base.DeleteAsync(name, cancellationToken);
        Die(dies);
    }

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

    private bool IsMissed()
    {
        lock (_random)
        {
            var isMissed = _random.Next(2) == 0;
            Missed += isMissed ? 1 : 0;
            return isMissed;
        }
    }

    private async Task<bool> BeginAsync()
    {
        var operation = Interlocked.Increment(ref _operations);
        if (!_isWithin.Value)
        {
            // A computer sleeps as a whole: what it asks at the same time waits as well.
            await Volatile.Read(ref _interruption);
        }

        if (HasDied)
        {
            throw Dead();
        }

        if (operation == InterruptAt && Interruption is { } interruption && !_isBusy)
        {
            _isBusy = true;
            var asleep = WithinAsync(interruption);
            Volatile.Write(ref _interruption, asleep);
            await asleep;
            _isBusy = false;
        }

        if (operation != DieAt)
        {
            return false;
        }

        HasDied = true;
        return DiesAfter ? true : throw Dead();
    }

    private async Task WithinAsync(Func<Task> interruption)
    {
        await Task.Yield();
        _isWithin.Value = true;
        await interruption();
    }

    private static void Die(bool dies)
    {
        if (dies)
        {
            throw Dead();
        }
    }

    private static TargetException Dead() => new(TargetFault.Unavailable, "The line is dead.");
}
