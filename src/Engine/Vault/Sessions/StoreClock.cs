using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// The store's time, which alone decides what a collection may do: this computer's clock may be wrong, and it may sleep. Known twice: never later than it is, for "has this waited
/// long enough", and never earlier, for "is this still allowed".
/// </summary>
public sealed class StoreClock
{
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _wallAtReceipt;
    private readonly long _ticksAtReceipt;

    private StoreClock(TimeProvider time, DateTimeOffset storeTime, DateTimeOffset wall, long ticks)
    {
        _time = time;
        AtLeast = storeTime;
        _wallAtReceipt = wall;
        _ticksAtReceipt = ticks;
    }

    /// <summary>The store's time when it was asked: it is not earlier than this now.</summary>
    public DateTimeOffset AtLeast { get; }

    /// <summary>
    /// The store's time now, counted on by whichever of this computer's two clocks went further: the monotonic one may stand still in sleep, the other may be set back.
    /// </summary>
    public DateTimeOffset AtMost
    {
        get
        {
            var (wall, ticks) = (_time.GetUtcNow() - _wallAtReceipt, _time.GetElapsedTime(_ticksAtReceipt));
            return AtLeast + (wall > ticks ? wall : ticks);
        }
    }

    /// <summary>Asks by storing a marker that condemns nothing, and takes it away again. A crash in between leaves one that is void soon.</summary>
    public static async Task<StoreClock> AskAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        // Taken before the put: what passes meanwhile is then counted too often, never too little.
        var (wall, ticks) = (vault.Time.GetUtcNow(), vault.Time.GetTimestamp());
        var header = vault.NewHeader(ObjectKind.CondemnedMarker, isSealed: false);
        var name = ObjectNames.CondemnedMarker(header.Object);
        var body = new CondemnedMarker(vault.Register.Head, [], vault.Now).Encode();
        var receipt = await vault.Store.PutAsync(name, SignedObject.Build(header, body, vault.SelfKey), cancellationToken);
        try
        {
            await vault.Target.DeleteAsync(name, cancellationToken);
        }
        catch (TargetException kept) when (kept.Fault is TargetFault.Locked or TargetFault.AccessDenied)
        {
            // It is void soon, and a collection takes it away once the store lets it.
        }

        return new StoreClock(vault.Time, receipt.StoreTime, wall, ticks);
    }

    /// <summary>For a look that changes nothing, this computer's clock must do.</summary>
    public static StoreClock Guess(UnlockedVault vault) => new(vault.Time, vault.Time.GetUtcNow(), vault.Time.GetUtcNow(), vault.Time.GetTimestamp());
}
