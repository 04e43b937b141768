using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>A default retention keeps what anybody puts into the place. What another relies on is not taken away on the quiet.</summary>
internal static class CommonRetention
{
    /// <returns>What somebody is asked before it becomes less: as final as what cannot be taken back, for what is put meanwhile.</returns>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>: it would become less, without the word that it takes.</exception>
    public static string Shorten(SetupWishes wishes, string now, string wanted) => wishes.AllowsIrreversible
        ? $"Shorten the default retention from {now} to {wanted}, for all who put something there"
        : throw new RequestException(FaultCodes.TargetOptionInvalid, $"The default retention is {now}, for all who put something there; {wanted} would shorten or weaken it. That is done with -Irreversible alone.");
}
