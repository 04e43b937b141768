namespace SecureBackup.Tests.Servers.Faults;

/// <summary>What may happen to a request on its way to a store, or to its answer on the way back.</summary>
public enum FaultKind
{
    None,

    /// <summary>Not done: status 500.</summary>
    ServerError,

    /// <summary>Not done: status 503, and when to come back.</summary>
    Busy,

    /// <summary>Not done: status 429.</summary>
    TooMany,

    /// <summary>Not done, and no answer ever.</summary>
    Hang,

    /// <summary>Done; the answer comes slowly, but it comes.</summary>
    Drip,

    /// <summary>Not done: the connection ends.</summary>
    Reset,

    /// <summary>Half of the request reaches the store, then the connection ends.</summary>
    CutRequest,

    /// <summary>Done; the connection ends instead of an answer.</summary>
    LostAnswer,

    /// <summary>Done; the answer ends in the middle.</summary>
    CutAnswer,

    /// <summary>Done twice; the second answer is given.</summary>
    Duplicate,

    /// <summary>The next listing that was asked for before says what it said then.</summary>
    StaleListing,

    /// <summary>A bit of the request is another one when the store gets it.</summary>
    CorruptRequest,

    /// <summary>A bit of the answer is another one.</summary>
    CorruptAnswer,
}
