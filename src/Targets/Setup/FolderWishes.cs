using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>What a place that is a mere folder of a server can become: one that is there.</summary>
internal static class FolderWishes
{
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>: the platform lacks what is wished.</exception>
    public static void Require(SetupWishes wishes, string platform)
    {
        if (wishes.Lock is not null || wishes.DefaultRetentionDays is not null || wishes.ArchiveAfterDays is not null || wishes.ArchiveClass is not null || wishes.KmsKey is not null)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, $"{platform} has neither locks nor archive classes nor keys of its own.");
        }
    }

    public static IReadOnlyList<SetupChange> Plan(IReadOnlyList<TargetFact> facts, string place) =>
        facts.Any(static fact => fact is { Item: SetupItem.Place, Value: not null })
            ? []
            : [new SetupChange(SetupItem.Place, "none", place, $"Make the folder {place} and those above it that are missing.", IsIrreversible: false)];

    public static IReadOnlyList<string> RightsTooWide(bool enforcesWriteOnce) => enforcesWriteOnce ? [] : ["delete", "overwrite"];
}
