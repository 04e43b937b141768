using System.Globalization;
using System.Net.Http.Headers;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>Ranges, whole objects and what is said of them.</summary>
internal sealed class AzureReads(AzureClient client, AzureSettings settings, AzureNaming naming)
{
    private const string TierHeader = "x-ms-access-tier";

    /// <summary>The tier of what was never moved, where an answer leaves it out.</summary>
    private const string UsualTier = "Hot";

    public async Task<ObjectStat?> StatAsync(ObjectName name, string? version, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.SendAsync(
                AzureDeed.Stat(name), (container, guard) => BlobOf(container, name, version).GetPropertiesAsync(cancellationToken: guard.Token), cancellationToken);
            var found = answer.Value;
            return new ObjectStat(name, found.ContentLength, AzureTimes.OfStore(found.LastModified))
            {
                Tag = AzureNaming.TagOf(found.ETag),
                StorageClass = found.AccessTier ?? UsualTier,
                Access = AzureTiers.AccessOf(found.AccessTier, found.ArchiveStatus),
            };
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

    public async Task ReadAsync(ObjectName name, string? version, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty)
        {
            await RequireAsync(name, version, offset, cancellationToken);
            return;
        }

        var options = new BlobDownloadOptions { Range = new HttpRange(offset, destination.Length) };
        await client.SendAsync(
            AzureDeed.Read(name),
            async (container, guard) =>
            {
                using var answer = (await BlobOf(container, name, version).DownloadStreamingAsync(options, guard.Token)).Value;
                RequireRange(name, answer.Details.ContentRange, offset, destination.Length);
                await ReadWholeAsync(name, answer.Content, destination, guard.Token);
                return true;
            },
            cancellationToken);
    }

    public async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendAsync(
                AzureDeed.Read(name),
                async (container, guard) =>
                {
                    var response = await BlobOf(container, name, null).DownloadStreamingAsync(cancellationToken: guard.Token);
                    using var answer = response.Value;
                    var stat = new ObjectStat(name, answer.Details.ContentLength, AzureTimes.OfStore(answer.Details.LastModified))
                    {
                        Tag = AzureNaming.TagOf(answer.Details.ETag),
                        StorageClass = response.GetRawResponse().Headers.TryGetValue(TierHeader, out var tier) ? tier : UsualTier,
                    };
                    if (stat.LengthBytes > maxBytes)
                    {
                        return new WholeObject(stat, null);
                    }

                    var bytes = new byte[stat.LengthBytes];
                    await ReadWholeAsync(name, answer.Content, bytes, guard.Token);
                    return new WholeObject(stat, bytes);
                },
                cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

    private BlobClient BlobOf(BlobContainerClient container, ObjectName name, string? version)
    {
        var blob = container.GetBlobClient(naming.KeyOf(name));
        return string.IsNullOrEmpty(version) ? blob : blob.WithVersion(version);
    }

    private async Task RequireAsync(ObjectName name, string? version, long offset, CancellationToken cancellationToken)
    {
        var stat = await StatAsync(name, version, cancellationToken)
            ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {settings.DisplayName}.");
        if (offset > stat.LengthBytes)
        {
            throw EndsBefore(name, offset);
        }
    }

    /// <summary>The range that was asked for and no other; a store gives less of it, or none, where the object ends.</summary>
    private void RequireRange(ObjectName name, string? said, long offset, int length)
    {
        if (said is not null && long.TryParse(said.AsSpan(said.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var total) && offset + length > total)
        {
            throw EndsBefore(name, offset + length);
        }

        if (!ContentRangeHeaderValue.TryParse(said, out var range) || range.From != offset || range.To != offset + length - 1)
        {
            throw new TargetException(
                TargetFault.Unavailable, string.Create(CultureInfo.InvariantCulture, $"'{name}' cannot be read in {settings.DisplayName}: the answer is not the range from byte {offset}."));
        }
    }

    private async Task ReadWholeAsync(ObjectName name, Stream body, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < destination.Length || await body.ReadAsync(new byte[1], cancellationToken) > 0)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {settings.DisplayName}: the answer does not have the length that it announces.");
        }
    }

    private TargetException EndsBefore(ObjectName name, long end) => new(TargetFault.OutOfRange, $"'{name}' in {settings.DisplayName} ends before byte {end}.");
}
