namespace SecureBackup.Targets.Setup;

public enum FactState
{
    Known,

    /// <summary>The credential may not ask.</summary>
    Denied,

    /// <summary>The platform, or this server of it, has no such thing.</summary>
    NotOffered,
}

/// <param name="Item">One of <see cref="SetupItem"/>.</param>
/// <param name="Value">In the platform's own words, for people; <see cref="SetupItem.On"/> and <see cref="SetupItem.Off"/> where it is one of the two; null where nothing is set. Of what is denied: what somebody who may can run instead, if anything.</param>
public sealed record TargetFact(string Item, FactState State, string? Value);

/// <summary>What facts and changes are about, the same on every platform.</summary>
public static class SetupItem
{
    public const string Place = "Place";
    public const string Region = "Region";
    public const string Owner = "Owner";
    public const string Encryption = "Encryption";
    public const string Versioning = "Versioning";
    public const string ObjectLock = "ObjectLock";
    public const string DefaultRetention = "DefaultRetention";

    /// <summary><see cref="Off"/>, or how the platform's own rule keeps every object of the place, which no lock of this module is part of.</summary>
    public const string RetentionPolicy = "RetentionPolicy";

    /// <summary><see cref="Off"/>, or who may do what.</summary>
    public const string PublicAccess = "PublicAccess";

    /// <summary><see cref="On"/> where nobody can make the place public either.</summary>
    public const string PublicAccessBlock = "PublicAccessBlock";

    /// <summary>Who owns what others put there.</summary>
    public const string ObjectOwnership = "ObjectOwnership";

    /// <summary><see cref="On"/> where requests without TLS are refused.</summary>
    public const string TransportPolicy = "TransportPolicy";

    /// <summary>The rules, separated by semicolons.</summary>
    public const string Lifecycle = "Lifecycle";

    /// <summary><see cref="Off"/> where rules leave the newest version of everything but packs alone; else those that do not.</summary>
    public const string LifecycleReach = "LifecycleReach";

    public const string SoftDelete = "SoftDelete";
    public const string Replication = "Replication";
    public const string UniformAccess = "UniformAccess";

    /// <summary>A number.</summary>
    public const string UnfinishedUploads = "UnfinishedUploads";

    public const string Room = "Room";

    public const string On = "on";
    public const string Off = "off";

    /// <summary>Of versions: none are kept any more, and those of before are still there.</summary>
    public const string Suspended = "suspended";
}
