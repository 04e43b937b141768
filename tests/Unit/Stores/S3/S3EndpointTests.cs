using System.Text.Json;
using Amazon.Runtime.Endpoints;
using Amazon.S3.Endpoints;
using Amazon.S3.Internal;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.S3Compatible;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>The SDK's own rules are what an address is measured by.</summary>
public sealed class S3EndpointTests
{
    public static TheoryData<string, string, bool> Places
    {
        get
        {
            string[] buckets = ["shop", "s-1", "1shop", "shop.eu", "192.168.1.1", "SHOP", "shop_eu", "shop-s3alias", new('a', 63), new('a', 64)];
            string[] endpoints = ["https://s3.eu-central-1.amazonaws.com", "https://store.example:9000", "http://127.0.0.1:9000", "https://[::1]:9000", "https://store.example/base", "http://localhost:9000"];
            return [.. from bucket in buckets from endpoint in endpoints from path in new[] { true, false } select (bucket, endpoint, path)];
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_bucket_answers_where_the_rules_of_the_SDK_say(string bucket, string endpoint, bool usesPathStyle)
    {
        var settings = Settings($"s3://{bucket}/a?endpoint={endpoint}&allowplainhttp=yes&region=eu-central-1&pathstyle={(usesPathStyle ? "yes" : "no")}");
        var parameters = new S3EndpointParameters { Bucket = settings.Bucket, Region = "eu-central-1", Endpoint = endpoint, ForcePathStyle = usesPathStyle };

        var ours = new S3Endpoint(settings).ResolveEndpoint(parameters);

        var theirs = new AmazonS3EndpointProvider().ResolveEndpoint(parameters);
        Assert.Equal(theirs.URL, ours.URL);
        Assert.Equal(Schemes(theirs), Schemes(ours));
        Assert.Null(ours.Headers);
        Assert.Null(theirs.Headers);
    }

    [Theory]
    [InlineData("https://store.example/base/", "https://store.example/base/shop/")]
    [InlineData("https://store.example/base", "https://store.example/base/shop/")]
    [InlineData("https://store.example/", "https://store.example/shop/")]
    [InlineData("https://store.example:443", "https://store.example/shop/")]
    public void A_slash_at_the_end_of_an_endpoint_means_nothing(string endpoint, string address) =>
        Assert.Equal(address, Settings($"s3://shop/a?endpoint={endpoint}").BucketAddress.AbsoluteUri);

    /// <summary>Here the rules of the SDK make a host of it, with a label more for each dot, and even before the number of a host.</summary>
    [Theory]
    [InlineData("http://localhost:9000", "http://localhost:9000/shop.backup/")]
    [InlineData("http://127.0.0.1:9000", "http://127.0.0.1:9000/shop.backup/")]
    [InlineData("https://localhost:9000", "https://localhost:9000/shop.backup/")]
    public void A_name_with_a_dot_stands_in_the_path_without_TLS_too(string endpoint, string address) =>
        Assert.Equal(address, Settings($"s3://shop.backup/a?endpoint={endpoint}&pathstyle=no").BucketAddress.AbsoluteUri);

    /// <summary>The rules of the SDK would have two slashes before the bucket.</summary>
    [Fact]
    public async Task Requests_go_to_that_address()
    {
        await using var store = await ScriptedStore.StartAsync(static _ => new ScriptedAnswer(404, "NoSuchKey"));
        await using var target = store.Open("s3://shop/a?versioning=off", "/base/");

        Assert.Null(await target.TryFetchAsync(new ObjectName("packs/ab/one"), 1, TestContext.Current.CancellationToken));

        Assert.Equal("/base/shop/a/packs/ab/one", Assert.Single(store.Seen).Path);
    }

    [Theory]
    [InlineData("eu-central-1", "", "https://shop.s3.eu-central-1.amazonaws.com/")]
    [InlineData("us-gov-west-1", "&fips=yes", "https://shop.s3-fips.us-gov-west-1.amazonaws.com/")]
    [InlineData("cn-north-1", "&dualstack=yes", "https://shop.s3.dualstack.cn-north-1.amazonaws.com.cn/")]
    public void At_the_platform_itself_the_bucket_is_a_host(string region, string options, string address) =>
        Assert.Equal(address, Settings($"s3://shop/a?region={region}{options}", AwsProfile.Instance).BucketAddress.AbsoluteUri);

    private static S3Settings Settings(string address, S3Profile? profile = null) =>
        S3Settings.From(new TargetSettings { Address = TargetUri.Parse(address) }, profile ?? S3CompatibleProfile.Instance, TimeSpan.FromSeconds(60));

    private static string Schemes(Endpoint endpoint) =>
        JsonSerializer.Serialize(((IEnumerable<object>)endpoint.Attributes["authSchemes"]).Cast<IPropertyBag>().Select(static scheme => Names.Select(name => scheme[name]?.ToString())));

    private static readonly string[] Names = ["name", "signingName", "signingRegion", "signingRegionSet", "disableDoubleEncoding"];
}
