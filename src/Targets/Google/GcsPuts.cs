using System.Globalization;
using System.Runtime.ExceptionServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Checksums;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>
/// Puts. The content is read twice: once for its sums, before anything is sent, and once on the way. The store proves the second reading by the CRC-32C of the first,
/// in which the announced SHA-256 was proved.
/// </summary>
internal sealed class GcsPuts(GcsClient client, GcsSettings settings, GcsNaming naming, GcsLocks locks)
{
    /// <summary>The folder whose objects may be of another storage class.</summary>
    private const string Packs = "packs/";

    private readonly GcsSession _session = new(client, settings, naming);

    public async Task<PutReceipt> PutAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        await using var sum = new Crc32CStream();
        await content.CopyToAsync(sum, cancellationToken);
        var metadata = MetadataOf(name, sum.Value, options);
        var deed = GcsDeed.Put(name, options.IfAbsent, options.Lock is not null || options.LegalHold);
        var stored = await UploadAsync(deed, content, metadata, QueryOf(options), cancellationToken);
        if (stored.Size != content.LengthBytes || !string.Equals(stored.Crc32C, metadata.Crc32C, StringComparison.Ordinal))
        {
            await DropAsync(name, stored, cancellationToken);
            throw new TargetException(TargetFault.Garbled, $"'{name}' was changed on the way to {settings.DisplayName}: the store has other bytes than were sent, and was told to drop them.");
        }

        return new PutReceipt(stored.Size, GcsTimes.OfStore(stored.TimeCreated))
        {
            Tag = GcsTimes.TagOf(stored.Generation),
            Version = GcsTimes.TagOf(stored.Generation),
            Lock = options.Lock is null && !options.LegalHold ? null : await ProveLockAsync(name, stored, options, cancellationToken),
        };
    }

    private async Task<GcsObject> UploadAsync(GcsDeed deed, PutContent content, GcsMetadata metadata, string query, CancellationToken cancellationToken)
    {
        GuardedContent? body = null;
        GuardedContent Watch(StallGuard guard) => body = guard.Watch(content.AsStream());
        try
        {
            return content.LengthBytes > settings.SinglePutBytes
                ? await _session.PutAsync(deed, Watch, metadata, content.LengthBytes, query, cancellationToken)
                : await client.SendAsync(
                    deed,
                    new GcsRequest(HttpMethod.Post, $"{naming.Uploads}?uploadType=multipart&{query}", RequestKind.Put) { Content = guard => new GcsBody(metadata, Watch(guard)) },
                    GcsJson.Default.GcsObject,
                    cancellationToken);
        }
        catch (Exception) when (body?.Failure is not null)
        {
            // The caller's stream broke, or was not what it announced. The request ended in the middle, and the store has nothing.
            ExceptionDispatchInfo.Throw(body.Failure);
            throw;
        }
        catch (TargetException refusal) when (refusal.Fault == TargetFault.Garbled)
        {
            throw await content.JudgeAsync(refusal, cancellationToken);
        }
    }

    private GcsMetadata MetadataOf(ObjectName name, uint sum, PutOptions options) => new()
    {
        Name = naming.KeyOf(name),
        Crc32C = Crc32C.ToText(sum),
        StorageClass = options.StorageClass ?? (name.Value.StartsWith(Packs, StringComparison.Ordinal) ? settings.StorageClass : null),
        TemporaryHold = options.LegalHold ? true : null,
        Retention = options.Lock is { } wanted ? GcsLocks.RetentionOf(wanted) : null,
    };

    private string QueryOf(PutOptions options) =>
        $"{(options.IfAbsent ? "ifGenerationMatch=0&" : "")}{(settings.KmsKey is { } key ? $"kmsKeyName={Uri.EscapeDataString(key)}&" : "")}"
        + "fields=size,crc32c,generation,timeCreated,retention,temporaryHold";

    private async Task<LockState?> ProveLockAsync(ObjectName name, GcsObject stored, PutOptions options, CancellationToken cancellationToken)
    {
        var said = GcsLocks.StateOf(stored);
        var read = GcsLocks.IsKept(said, options) && locks.IsReadBackDue() ? await locks.GetAsync(name, cancellationToken) : null;
        if (GcsLocks.IsKept(read ?? said, options))
        {
            return read;
        }

        await DropAsync(name, stored, cancellationToken);
        throw locks.NotKept(name, read ?? said, options.Lock);
    }

    /// <summary>What must not stay under the name; where the store keeps it all the same, the error that follows says more than its refusal.</summary>
    private async Task DropAsync(ObjectName name, GcsObject stored, CancellationToken cancellationToken)
    {
        try
        {
            var query = $"generation={stored.Generation.ToString(CultureInfo.InvariantCulture)}";
            await client.SendAsync(GcsDeed.Delete(name), new GcsRequest(HttpMethod.Delete, naming.Object(name, query), RequestKind.Delete), cancellationToken);
        }
        catch (TargetException)
        {
        }
    }
}
