namespace SecureBackup.Engine.Records;

/// <summary>How large a record may be. A reader refuses more before it allocates for it.</summary>
public static class RecordLimits
{
    /// <summary>One record as stored.</summary>
    public const int MaxRecordBytes = 16 * 1024 * 1024;

    /// <summary>Maps and lists within each other. Objects that give a new object at each look, as folders give their root, end here.</summary>
    public const int MaxDepth = 48;

    /// <summary>Values in one record.</summary>
    public const int MaxValues = 1_000_000;

    /// <summary>A subject's name, in UTF-8.</summary>
    public const int MaxSubjectBytes = 4096;
}
