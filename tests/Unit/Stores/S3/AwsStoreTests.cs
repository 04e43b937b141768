using Amazon.S3.Endpoints;
using Amazon.S3.Internal;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>What Amazon's store is asked for with each object, and that its word for it is looked at.</summary>
public sealed class AwsStoreTests : IAsyncLifetime
{
    private const string Bucket = "offsite";
    private const string KmsKey = "arn:aws:kms:eu-central-1:111122223333:key/1234";
    private const string Encryption = "x-amz-server-side-encryption";

    private static readonly ObjectName Pack = new("packs/ab/one");
    private static readonly ObjectName Entry = new("register/1");

    private S3Double _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await StartAsync(new S3DoubleOptions { IsSecure = true });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(3)]
    [InlineData(6 << 20)]
    public async Task Objects_are_encrypted_by_the_stores_own_keys(int length)
    {
        await using var target = Open();
        await PutAsync(target, Pack, length);

        Assert.Equal("AES256", Begun().Headers[Encryption]);
        Assert.Equal("AES256", _server.Bucket(Bucket).Newest("shop/packs/ab/one")!.Encryption);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6 << 20)]
    public async Task Or_by_a_key_of_the_key_service(int length)
    {
        await using var target = Open(("kmskey", KmsKey));
        await PutAsync(target, Pack, length);

        Assert.Equal(("aws:kms", KmsKey, "true"), (Begun().Headers[Encryption], Begun().Headers[$"{Encryption}-aws-kms-key-id"], Begun().Headers[$"{Encryption}-bucket-key-enabled"]));
        Assert.Equal(("aws:kms", KmsKey), (_server.Bucket(Bucket).Newest("shop/packs/ab/one")!.Encryption, _server.Bucket(Bucket).Newest("shop/packs/ab/one")!.KmsKey));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(KmsKey, null)]
    [InlineData(KmsKey, "AES256")]
    public async Task A_store_that_does_not_say_that_it_encrypted_is_refused(string? key, string? says)
    {
        _server.Before = (context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[Encryption] = says;
                return Task.CompletedTask;
            });
            return next();
        };
        await using var target = key is null ? Open() : Open(("kmskey", key));

        foreach (var length in new[] { 3, 6 << 20 })
        {
            var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, Pack, length, ifAbsent: false));
            Assert.Equal(TargetFault.Unsupported, error.Fault);
            Assert.Contains("asked to encrypt", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6 << 20)]
    public async Task A_byte_that_was_changed_on_the_way_is_refused_by_the_server_and_sent_again(int length)
    {
        var changed = 0;
        _server.Before = async (context, next) =>
        {
            if (HttpMethods.IsPut(context.Request.Method) && changed++ == 0)
            {
                var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body, Cancel);
                body.GetBuffer()[1] ^= 1;
                body.Position = 0;
                context.Request.Body = body;
            }

            await next();
        };
        await using var target = new RetryTarget(Open(), new RetryOptions(3, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)), TimeProvider.System);

        await PutAsync(target, Pack, length);

        Assert.Equal("UNSIGNED-PAYLOAD", _server.Requests.First(static request => request.Method is "PUT").Headers["x-amz-content-sha256"]);
        Assert.Equal(400, _server.Requests.First(static request => request.Method is "PUT").Status);
        Assert.Equal(Bytes(length), _server.Bucket(Bucket).Newest("shop/packs/ab/one")!.Bytes);
        Assert.Empty(_server.Bucket(Bucket).Uploads);
    }

    [Fact]
    public async Task A_storage_class_is_for_packs_alone()
    {
        await using var target = Open(("storageclass", "glacier_ir"));
        await PutAsync(target, Pack, 3);
        await PutAsync(target, Entry, 3);

        Assert.Equal("GLACIER_IR", _server.Bucket(Bucket).Newest("shop/packs/ab/one")!.StorageClass);
        Assert.Equal("STANDARD", _server.Bucket(Bucket).Newest("shop/register/1")!.StorageClass);
    }

    [Fact]
    public async Task What_lies_in_the_archive_is_said_with_its_class_and_what_to_do()
    {
        await using var target = Open(("storageclass", "DEEP_ARCHIVE"));
        await PutAsync(target, Pack, 3);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ReadAsync(Pack, 0, new byte[1], Cancel));

        Assert.Equal(FaultCodes.TargetCold, error.Code);
        Assert.Contains("'packs/ab/one' cannot be read", error.Message, StringComparison.Ordinal);
        Assert.Contains("it lies in DEEP_ARCHIVE", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Warm", error.Remedy, StringComparison.Ordinal);
        Assert.Contains("restore what lies below 'shop/packs/'", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_request_names_the_owner_that_the_bucket_must_have()
    {
        await using var target = Open(("owner", "111122223333"), ("versioning", "on"));
        await PutAsync(target, Entry, 3);
        await PutAsync(target, Pack, 6 << 20);
        await target.ReadAsync(Pack, 0, new byte[1], Cancel);
        await target.TryFetchAsync(Entry, 10, Cancel);
        await target.StatAsync(Entry, Cancel);
        await target.ListAsync("", Cancel).ToListAsync(Cancel);
        await target.ListVersionsAsync("", Cancel).ToListAsync(Cancel);
        await target.GetLockAsync(Entry, Cancel);
        await target.DeleteManyAsync([Entry, Pack], Cancel);

        Assert.All(_server.Requests, static request => Assert.Equal("111122223333", request.Headers.GetValueOrDefault("x-amz-expected-bucket-owner")));

        await using var other = Open(("owner", "444455556666"));
        Assert.Equal(TargetFault.AccessDenied, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(other, Pack, 3))).Fault);
    }

    [Fact]
    public async Task A_wrong_region_is_said_with_the_right_one()
    {
        await using var target = Open(("region", "us-west-2"));

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ReadAsync(Pack, 0, new byte[1], Cancel));

        Assert.Equal(FaultCodes.TargetWrongRegion, error.Code);
        Assert.Contains("lies in eu-central-1, not in us-west-2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(307)]
    public async Task A_redirect_is_not_followed_and_its_region_said(int status)
    {
        _server.Before = (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "https://offsite.s3.ap-south-1.amazonaws.com/";
            context.Response.Headers["x-amz-bucket-region"] = "ap-south-1";
            return Task.CompletedTask;
        };
        await using var target = Open();

        foreach (var call in (Func<Task>[])[() => target.StatAsync(Pack, Cancel), () => PutAsync(target, Pack, 3)])
        {
            var error = await Assert.ThrowsAsync<TargetException>(call);
            Assert.Equal(FaultCodes.TargetWrongRegion, error.Code);
            Assert.Contains("lies in ap-south-1", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(2, target.Meter.Sample().Requests);
    }

    [Fact]
    public async Task A_redirect_of_whoever_stands_between_says_nothing_about_the_bucket()
    {
        _server.Before = static (context, _) =>
        {
            context.Response.Redirect("https://login.example.org/");
            return Task.CompletedTask;
        };
        await using var target = Open();

        Assert.Equal(TargetFault.Unavailable, (await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(Pack, Cancel))).Fault);
    }

    [Theory]
    [InlineData("eu-central-1")]
    [InlineData("us-east-1")]
    [InlineData("us-gov-west-1")]
    [InlineData("cn-north-1")]
    [InlineData("eusc-de-east-1")]
    public void The_endpoint_is_that_of_the_region_and_of_what_was_asked_for(string region)
    {
        foreach (var (isFips, isDual) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            if (isFips && region.StartsWith("cn-", StringComparison.Ordinal))
            {
                continue;
            }

            var settings = S3Settings.From(
                new TargetSettings { Address = TargetUri.Parse($"s3://{Bucket}?region={region}&fips={(isFips ? "yes" : "no")}&dualstack={(isDual ? "yes" : "no")}") }, AwsProfile.Instance, TimeSpan.FromSeconds(60));
            var known = new AmazonS3EndpointProvider().ResolveEndpoint(new S3EndpointParameters { Region = region, UseFIPS = isFips, UseDualStack = isDual, UseGlobalEndpoint = false });

            Assert.Equal(new Uri(known.URL), settings.Endpoint);
            Assert.Contains(region, settings.TokenService.Host, StringComparison.Ordinal);
            Assert.StartsWith(isFips && (isDual || !region.StartsWith("us-gov", StringComparison.Ordinal)) ? "sts-fips." : "sts.", settings.TokenService.Host, StringComparison.Ordinal);
        }
    }

    private async Task StartAsync(S3DoubleOptions options)
    {
        _server = await S3Double.StartAsync(options);
        _server.MakeBucket(Bucket, hasLock: true);
    }

    private Target Open(params (string Key, string Value)[] options)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1", ["pathstyle"] = "yes", ["ca"] = _server.AuthorityFile, ["endpoint"] = _server.Endpoint.OriginalString.TrimEnd('/') };
        foreach (var (key, value) in options)
        {
            given[key] = value;
        }

        using var credential = TargetCredential.Of(_server.Key.Id, _server.Key.Secret, "of the test");
        var settings = S3Settings.From(new TargetSettings { Address = TargetUri.Parse($"s3://{Bucket}/shop"), Options = given }, AwsProfile.Instance, TimeSpan.FromSeconds(60));
        return S3Scene.Open(S3Scene.InShortParts(settings), credential, TimeProvider.System);
    }

    /// <summary>What the object was begun with: the whole put, or the begin of its upload.</summary>
    private S3Request Begun() => _server.Requests.First(static request => request.Operation is "PutObject" or "CreateMultipartUpload");

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(static index => (byte)index)];

    private static Task<PutReceipt> PutAsync(Target target, ObjectName name, int length, bool ifAbsent = true) =>
        target.PutAsync(name, new MemoryStream(Bytes(length)), new PutOptions(ifAbsent), Cancel);
}
