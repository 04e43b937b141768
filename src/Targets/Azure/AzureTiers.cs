using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>Tiers, and the way back from the one that cannot be read.</summary>
internal sealed class AzureTiers(AzureClient client, AzureNaming naming)
{
    public const string Archive = "Archive";

    /// <summary>What the platform promises, by priority.</summary>
    private static readonly TimeSpan StandardTime = TimeSpan.FromHours(15);
    private static readonly TimeSpan HighTime = TimeSpan.FromHours(1);

    public static ObjectAccess AccessOf(string? tier, string? archiveStatus) => string.Equals(tier, Archive, StringComparison.OrdinalIgnoreCase)
        ? string.IsNullOrEmpty(archiveStatus) ? ObjectAccess.Cold : ObjectAccess.Warming
        : ObjectAccess.Ready;

    /// <summary>The store moves the object to another tier, where it stays: no copy of limited life is made.</summary>
    public async Task<WarmReceipt> WarmAsync(ObjectName name, ObjectAccess access, WarmOptions options, CancellationToken cancellationToken)
    {
        var isHigh = options.Speed == WarmSpeed.Expedited;
        var within = isHigh ? HighTime : StandardTime;
        if (access != ObjectAccess.Cold)
        {
            return new WarmReceipt(access, access == ObjectAccess.Ready ? TimeSpan.Zero : within);
        }

        var answer = await client.SendAsync(
            AzureDeed.Warm(name),
            (container, guard) => container.GetBlobClient(naming.KeyOf(name)).SetAccessTierAsync(
                AccessTier.Hot, rehydratePriority: isHigh ? RehydratePriority.High : RehydratePriority.Standard, cancellationToken: guard.Token),
            cancellationToken);
        return answer.Status == 202 ? new WarmReceipt(ObjectAccess.Warming, within) { IsNew = true } : new WarmReceipt(ObjectAccess.Ready, TimeSpan.Zero);
    }
}
