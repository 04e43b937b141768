using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Deletes, of one object or of a thousand in a request. Where the bucket keeps versions a plain delete takes nothing away and leaves a marker; there each version is
/// named and deleted.
/// </summary>
internal sealed class S3Deletes(S3Client client, S3Settings settings, S3Naming naming, S3Versions versions, S3Locks locks) : IDisposable
{
    public const int MaxPerRequest = 1000;

    private readonly SemaphoreSlim _asking = new(1);
    private bool? _isVersioned = settings.IsVersioned;

    public async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (await IsVersionedAsync(cancellationToken))
        {
            await DeleteManyAsync([name], cancellationToken);
            return;
        }

        var request = new DeleteObjectRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), ExpectedBucketOwner = settings.Owner };
        try
        {
            var answer = await client.SendAsync(S3Deed.Delete($"'{name}'"), (sdk, guard) => sdk.DeleteObjectAsync(request, guard.Token), cancellationToken);
            if (string.Equals(answer.Value.DeleteMarker, "true", StringComparison.OrdinalIgnoreCase))
            {
                // Somebody turned versions on since it was said that there are none: the object is only hidden.
                _isVersioned = true;
                await DeleteManyAsync([name], cancellationToken);
            }
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            // Some stores say so; deleting what is not there is no error.
        }
    }

    public async Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken)
    {
        TargetException? refusal = null;
        var kept = new HashSet<ObjectName>();
        foreach (var some in names.Chunk(MaxPerRequest))
        {
            if (!await IsVersionedAsync(cancellationToken))
            {
                var (refused, hasMarkers) = await DeleteKeysAsync([.. some.Select(name => new KeyVersion { Key = naming.KeyOf(name) })], cancellationToken);
                refusal = Worse(refusal, refused);
                kept.UnionWith(refused?.Kept ?? []);
                if (!hasMarkers)
                {
                    continue;
                }

                _isVersioned = true;
            }

            var keys = new List<KeyVersion>();
            foreach (var name in some)
            {
                keys.AddRange(await versions.OfAsync(name, cancellationToken));
            }

            foreach (var request in keys.Chunk(MaxPerRequest))
            {
                var (refused, _) = await DeleteKeysAsync(request, cancellationToken);
                refusal = Worse(refusal, refused);
                kept.UnionWith(refused?.Kept ?? []);
            }
        }

        if (refusal is not null)
        {
            throw refusal.Of([.. kept]);
        }
    }

    /// <summary>Of a put: where there are no versions, none is told.</summary>
    public void Note(string? version)
    {
        if (_isVersioned == false && version is { Length: > 0 })
        {
            _isVersioned = true;
        }
    }

    /// <summary>One version, as far as that is allowed: what is left then is what the store would not give up.</summary>
    public async Task DeleteVersionAsync(ObjectName name, string? version, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), VersionId = version, ExpectedBucketOwner = settings.Owner };
        await client.SendAsync(S3Deed.Delete($"'{name}'"), (sdk, guard) => sdk.DeleteObjectAsync(request, guard.Token), cancellationToken);
    }

    public void Dispose() => _asking.Dispose();

    /// <summary>What is tried again goes first: the rest of the names would never be deleted behind a lock that stays.</summary>
    private static TargetException? Worse(TargetException? one, TargetException? other) => one is null || (other?.IsTransient == true && !one.IsTransient) ? other : one;

    /// <returns>Whether something was only hidden behind a marker, or was one.</returns>
    private async Task<(TargetException? Refusal, bool HasMarkers)> DeleteKeysAsync(KeyVersion[] keys, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectsRequest { BucketName = settings.Bucket, Quiet = false, Objects = [.. keys], ExpectedBucketOwner = settings.Owner };
        var deed = S3Deed.Delete(keys is [var only] ? $"'{naming.NameOf(only.Key)}'" : $"{keys.Length} objects");
        var answer = await client.SendAsync(
            deed,
            async (sdk, guard) =>
            {
                try
                {
                    return await sdk.DeleteObjectsAsync(request, guard.Token);
                }
                catch (DeleteObjectsException exception)
                {
                    return exception.Response;
                }
            },
            cancellationToken);
        RequireWhole(deed, keys, answer.Value);
        var refused = (answer.Value.DeleteErrors ?? []).Select(error => (Error: error, Refusal: RefusalOf(error))).Where(static one => one.Refusal.Fault != TargetFault.NotFound).ToList();
        var worst = refused.Find(static one => one.Refusal.IsTransient).Refusal
            ?? (refused is [var first, ..] ? (await JudgeAsync(first.Error, first.Refusal, cancellationToken)).Of([.. refused.Select(one => naming.NameOf(one.Error.Key)).OfType<ObjectName>()]) : null);
        return (worst, (answer.Value.DeletedObjects ?? []).Exists(static deleted => deleted.DeleteMarker == true));
    }

    /// <summary>Each key is answered for. Some stores leave out which version it was, so that they are counted.</summary>
    private void RequireWhole(S3Deed deed, KeyVersion[] asked, DeleteObjectsResponse answer)
    {
        var answered = (answer.DeletedObjects ?? []).Select(static deleted => deleted.Key).Concat((answer.DeleteErrors ?? []).Select(static error => error.Key)).CountBy(static key => key ?? "", StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        if (asked.CountBy(static key => key.Key, StringComparer.Ordinal).Any(key => answered.GetValueOrDefault(key.Key) < key.Value))
        {
            throw new TargetException(TargetFault.Unavailable, $"{deed.What} in {settings.DisplayName}: the answer does not say what became of each.");
        }
    }

    private TargetException RefusalOf(DeleteError error) =>
        new(S3Faults.OfCode(error.Code), $"'{naming.NameOf(error.Key)}' cannot be deleted in {settings.DisplayName} ({(error.Code is { Length: > 0 and < 64 } code && code.All(char.IsAsciiLetterOrDigit) ? code : "an unknown code")}).");

    /// <summary>A version that may not be deleted is either locked or this credential's rights end there: only the lock itself tells.</summary>
    private async Task<TargetException> JudgeAsync(DeleteError error, TargetException refusal, CancellationToken cancellationToken) =>
        refusal.Fault == TargetFault.AccessDenied && error.VersionId is { Length: > 0 } version && naming.NameOf(error.Key) is { } name && await IsLockedAsync(name, version, cancellationToken)
            ? new TargetException(TargetFault.Locked, $"'{name}' in {settings.DisplayName} is locked ({error.Code}).")
            : refusal;

    private async Task<bool> IsLockedAsync(ObjectName name, string version, CancellationToken cancellationToken)
    {
        try
        {
            var state = await locks.ReadAsync(name, version, cancellationToken);
            return state.Lock is not null || state.LegalHold;
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied or TargetFault.NotFound or TargetFault.Unsupported)
        {
            return false;
        }
    }

    /// <summary>Asked once, where nobody has said it. Who may not know must take it that there are versions: a marker would hide an object and free nothing.</summary>
    private async Task<bool> IsVersionedAsync(CancellationToken cancellationToken)
    {
        if (_isVersioned is { } known)
        {
            return known;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            return _isVersioned ??= await AskAsync(cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    private async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        var request = new GetBucketVersioningRequest { BucketName = settings.Bucket, ExpectedBucketOwner = settings.Owner };
        try
        {
            var answer = await client.SendAsync(
                S3Deed.Place("It cannot be asked whether there are versions", "s3:GetBucketVersioning"), (sdk, guard) => sdk.GetBucketVersioningAsync(request, guard.Token), cancellationToken);
            return answer.Value.VersioningConfig?.Status is { } status && status != VersionStatus.Off;
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied)
        {
            return true;
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.Unsupported)
        {
            return false;
        }
    }
}
