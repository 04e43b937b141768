namespace SecureBackup.Engine.Retention;

/// <summary>Why a snapshot stays.</summary>
public enum KeepReasonKind
{
    Last,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
    Within,

    /// <summary>A rule for longer than the series is old keeps its first snapshot, until it has enough younger ones.</summary>
    Oldest,

    /// <summary>The newest of its series that was found restorable.</summary>
    NewestVerified,

    /// <summary>The newest of a series of which none was found restorable.</summary>
    NewestUnverified,
    LegalHold,

    /// <summary>Younger than the vault's policy lets anybody remove.</summary>
    RetentionFloor,

    /// <summary>Nobody has decided about a suspect snapshot of its data set.</summary>
    DataSetFrozen,

    /// <summary>Its claimed time and the store's do not fit: it counts for nothing and is decided on by a person.</summary>
    ClockDoubtful,
}

/// <param name="Text">For people, as "daily 2026-03-01".</param>
public sealed record KeepReason(KeepReasonKind Kind, string Text)
{
    /// <summary>Whether it holds against a removal that a person asks for by name, and not only against rules.</summary>
    public bool IsProtection => Kind is KeepReasonKind.NewestVerified or KeepReasonKind.NewestUnverified or KeepReasonKind.LegalHold
        or KeepReasonKind.RetentionFloor or KeepReasonKind.DataSetFrozen;

    public override string ToString() => Text;
}
