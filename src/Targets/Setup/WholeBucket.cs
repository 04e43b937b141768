using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>Of a target at a bucket's root lifecycle rules reach whatever lies in the bucket, also what others put there, and what they took away does not come back.</summary>
internal static class WholeBucket
{
    public const string Text = " for all that is in the bucket, whoever put it there";

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
            : throw new RequestException(FaultCodes.TargetOptionInvalid, "The target is the whole bucket, and rules reach all that is in it, whoever put it there. They are set with -Irreversible alone.");
    }
}
