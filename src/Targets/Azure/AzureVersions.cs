using System.Runtime.CompilerServices;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>The versions of objects, turned round: the platform lists the oldest of a name first.</summary>
internal sealed class AzureVersions(AzureListing listing, AzureNaming naming)
{
    public async IAsyncEnumerable<ObjectVersion> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ofName = new Stack<ObjectVersion>();
        await foreach (var found in listing.ListVersionsAsync(prefix, cancellationToken))
        {
            if (naming.NameOf(found.Name) is not { } name)
            {
                continue;
            }

            if (ofName.TryPeek(out var last) && last.Stat.Name != name)
            {
                foreach (var version in ofName)
                {
                    yield return version;
                }

                ofName.Clear();
            }

            // What was put before the account kept versions has none of its own until it is overwritten.
            ofName.Push(new ObjectVersion(AzureListing.StatOf(name, found), found.VersionId ?? "", found.IsLatestVersion == true || found.VersionId is null, IsDeleteMarker: false));
        }

        foreach (var version in ofName)
        {
            yield return version;
        }
    }
}
