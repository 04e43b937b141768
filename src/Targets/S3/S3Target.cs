using System.Globalization;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using ByteRange = Amazon.S3.Model.ByteRange;

namespace SecureBackup.Targets.S3;

/// <summary>A prefix of a bucket, on any store that speaks S3; what differs between them says the profile.</summary>
internal sealed class S3Target : Target
{
    private readonly S3Settings _settings;
    private readonly S3Client _client;
    private readonly S3Naming _naming;
    private readonly S3Listing _listing;
    private readonly S3Puts _puts;
    private readonly S3Deletes _deletes;
    private bool _isPlaceKnown;

    public S3Target(S3Settings settings, Amazon.Runtime.AWSCredentials credentials, string credentialLabel, TimeProvider time)
    {
        _settings = settings;
        Capabilities = CapabilitiesOf(settings);
        _client = new S3Client(settings, credentials, credentialLabel, Meter, time);
        _naming = new S3Naming(settings.Prefix);
        _listing = new S3Listing(_client, settings, _naming);
        _puts = new S3Puts(_client, settings, _naming);
        _deletes = new S3Deletes(_client, settings, _naming);
    }

    public override string DisplayName => _settings.DisplayName;

    public override TargetCapabilities Capabilities { get; }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLockNotKept(Capabilities);
        given.ThrowIfLongerThan(Capabilities.MaxObjectBytes);
        if (options.IfAbsent && !_settings.HasConditionalPut && await StatAsync(name, cancellationToken) is not null)
        {
            throw new TargetException(TargetFault.AlreadyExists, $"'{name}' exists in {DisplayName}.");
        }

        var receipt = await _puts.PutAsync(name, given, options, cancellationToken);
        _isPlaceKnown = true;
        return receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (destination.IsEmpty)
        {
            await RequireAsync(name, offset, cancellationToken);
            return;
        }

        var request = new GetObjectRequest
        {
            BucketName = _settings.Bucket,
            Key = _naming.KeyOf(name),
            ByteRange = new ByteRange(offset, offset + destination.Length - 1),
            ExpectedBucketOwner = _settings.Owner,
        };
        await _client.SendAsync(
            S3Deed.Read(name),
            async (sdk, guard) =>
            {
                using var answer = await sdk.GetObjectAsync(request, guard.Token);
                RequireRange(name, answer, offset, destination.Length);
                await ReadWholeAsync(name, answer.ResponseStream, destination, guard.Token);
                return true;
            },
            cancellationToken);
        _isPlaceKnown = true;
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _settings.Bucket, Key = _naming.KeyOf(name), ExpectedBucketOwner = _settings.Owner };
        try
        {
            var answer = await _client.SendAsync(
                S3Deed.Read(name),
                async (sdk, guard) =>
                {
                    using var found = await sdk.GetObjectAsync(request, guard.Token);
                    var stat = new ObjectStat(name, found.ContentLength, S3Times.OfStore(found.LastModified))
                    {
                        Tag = S3Naming.TagOf(found.ETag),
                        StorageClass = S3Naming.ClassOf(found.StorageClass?.Value),
                    };
                    if (stat.LengthBytes > maxBytes)
                    {
                        return new WholeObject(stat, null);
                    }

                    var bytes = new byte[stat.LengthBytes];
                    await ReadWholeAsync(name, found.ResponseStream, bytes, guard.Token);
                    return new WholeObject(stat, bytes);
                },
                cancellationToken);
            _isPlaceKnown = true;
            return answer.Value;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            _isPlaceKnown = true;
            return null;
        }
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var request = new GetObjectMetadataRequest { BucketName = _settings.Bucket, Key = _naming.KeyOf(name), ExpectedBucketOwner = _settings.Owner };
        try
        {
            var answer = await _client.SendAsync(S3Deed.Stat(name), (sdk, guard) => sdk.GetObjectMetadataAsync(request, guard.Token), cancellationToken);
            _isPlaceKnown = true;
            return new ObjectStat(name, answer.Value.ContentLength, S3Times.OfStore(answer.Value.LastModified))
            {
                Tag = S3Naming.TagOf(answer.Value.ETag),
                StorageClass = S3Naming.ClassOf(answer.Value.StorageClass?.Value),
            };
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            // An answer without a body cannot say whether it is the bucket that is not there.
            if (!_isPlaceKnown)
            {
                await _listing.RequirePlaceAsync(cancellationToken);
                _isPlaceKnown = true;
            }

            return null;
        }
    }

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return _listing.ListAsync(prefix, null, cancellationToken);
    }

    public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return _listing.ListAsync(prefix, after, cancellationToken);
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) => _deletes.DeleteAsync(name, cancellationToken);

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => _deletes.DeleteManyAsync(names, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await base.DisposeAsync();
    }

    private static TargetCapabilities CapabilitiesOf(S3Settings settings) => new()
    {
        ConditionalPut = settings.HasConditionalPut,
        ListAfterWrite = true,
        EnforcesWriteOnce = settings.EnforcesWriteOnce,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = settings.HasServerChecksum,
        MaxObjectBytes = S3Profile.MaxSinglePutBytes,
        ListsInOrder = true,
        ParallelPuts = settings.ParallelPuts,
        MaxDeletesPerRequest = S3Deletes.MaxPerRequest,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
        MinStorageTime = settings.Profile.MinStorageTime,
        Region = settings.Region,
    };

    private async Task RequireAsync(ObjectName name, long offset, CancellationToken cancellationToken)
    {
        var stat = await StatAsync(name, cancellationToken) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {DisplayName}.");
        if (offset > stat.LengthBytes)
        {
            throw EndsBefore(name, offset);
        }
    }

    /// <summary>The range that was asked for and no other; a store gives less of it where the object ends.</summary>
    private void RequireRange(ObjectName name, GetObjectResponse answer, long offset, int length)
    {
        var range = answer.ContentRange is { } said && System.Net.Http.Headers.ContentRangeHeaderValue.TryParse(said, out var parsed) ? parsed : null;
        if (range is not { From: { } from, To: { } to } || from != offset)
        {
            throw new TargetException(TargetFault.Unavailable, string.Create(CultureInfo.InvariantCulture, $"'{name}' cannot be read in {DisplayName}: the answer is not the range from byte {offset}."));
        }

        if (to - from + 1 < length)
        {
            throw EndsBefore(name, offset + length);
        }
    }

    private async Task ReadWholeAsync(ObjectName name, Stream body, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < destination.Length || await body.ReadAsync(new byte[1], cancellationToken) > 0)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {DisplayName}: the answer does not have the length that it announces.");
        }
    }

    private TargetException EndsBefore(ObjectName name, long end) => new(TargetFault.OutOfRange, $"'{name}' in {DisplayName} ends before byte {end}.");
}
