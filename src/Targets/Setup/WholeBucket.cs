using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>Of a target without a prefix lifecycle rules reach whatever lies in the bucket, also what others put there, and what they took away does not come back.</summary>
internal static class WholeBucket
{
    public const string Text = " for all that is there, whoever put it there";

    /// <summary>For rules that nobody asked for by name.</summary>
    public const string LeftOut = "No lifecycle rules are set: the target has no prefix, and they would reach all that is there, whoever put it there. They are set with -Irreversible, or for a target with a prefix of its own.";

    /// <param name="isNew">Nobody else has anything in it.</param>
    /// <param name="reachesOthers">The rules are as final as what cannot be taken back.</param>
    /// <returns>False where nobody asked for rules by name: then there are none.</returns>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>: they were asked for, without the word that it takes.</exception>
    public static bool MayBeTidied(SetupWishes wishes, string prefix, bool isNew, out bool reachesOthers)
    {
        reachesOthers = prefix.Length == 0 && !isNew;
        if (!reachesOthers || wishes.AllowsIrreversible)
        {
            return true;
        }

        return wishes is { NoncurrentDays: null, ArchiveAfterDays: null }
            ? false
            : throw new RequestException(FaultCodes.TargetOptionInvalid, "The target has no prefix, and rules reach all that is there, whoever put it there. They are set with -Irreversible alone.");
    }
}
