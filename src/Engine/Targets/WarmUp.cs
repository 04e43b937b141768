namespace SecureBackup.Engine.Targets;

/// <summary>Whether an object can be read now.</summary>
public enum ObjectAccess
{
    Ready,
    Cold,
    Warming,
}

public enum WarmSpeed
{
    Bulk,
    Standard,
    Expedited,
}

/// <param name="KeepFor">How long it is to stay readable, where the store makes a copy of limited life.</param>
public sealed record WarmOptions(TimeSpan KeepFor, WarmSpeed Speed = WarmSpeed.Standard)
{
    /// <summary>What a listing said of the object a moment ago: the store is not asked again for what it told there. Null where none was read.</summary>
    public ObjectStat? Listed { get; init; }
}

/// <param name="ReadyWithin">At the longest, by the platform's word; null where it gives none.</param>
public sealed record WarmReceipt(ObjectAccess Access, TimeSpan? ReadyWithin)
{
    /// <summary>It was asked for now, and not before.</summary>
    public bool IsNew { get; init; }
}
