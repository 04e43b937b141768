using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.BackblazeB2;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Wasabi;

namespace SecureBackup.Tests.Unit.Stores;

public sealed class RemoteTargetsTests
{
    [Theory]
    [InlineData("s3://bucket/x?region=eu-central-1", "AWS S3", "s3://bucket/x")]
    [InlineData("s3://bucket/x?endpoint=https://s3.example.org:9000", "S3 compatible", "s3://bucket/x@s3.example.org:9000")]
    [InlineData("sftp://me@host:2222/srv/x?parallel=3", "SFTP", "sftp://me@host:2222/srv/x")]
    [InlineData("davs://host/dav/x?parallel=3", "WebDAV", "davs://host/dav/x")]
    [InlineData("azblob://account/container/x?cloud=usgov", "Azure Blob Storage", "azblob://account/container/x", "account", "c2VjcmV0")]
    [InlineData("azblob://account/container?endpoint=https://blobs.example.org/account", "Azure Blob Storage", "azblob://account/container@blobs.example.org", "sas", "sv=1&sig=2")]
    [InlineData("wasabi://bucket/x?region=eu-central-2", "Wasabi", "wasabi://bucket/x")]
    [InlineData("ibmcos://bucket/x?region=eu-de&private=yes", "IBM Cloud Object Storage", "ibmcos://bucket/x")]
    [InlineData("b2://bucket/x?region=us-west-004", "Backblaze B2", "b2://bucket/x")]
    public async Task Opening_asks_nothing_and_says_where_it_is(string address, string platform, string displayName, string user = "id", string secret = "secret")
    {
        using var credential = TargetCredential.Of(user, secret, "of the test");
        await using var target = Open(address, credential);

        Assert.Equal(platform, RemoteTargets.PlatformOf(TargetUri.Parse(address)));
        Assert.Equal(displayName, target.DisplayName);
        Assert.Equal(TargetTraffic.None, target.Meter.Sample());
    }

    [Theory]
    [InlineData("s3://bucket/x?region=eu-central-1&colour=red")]
    [InlineData("s3://bucket/x?region=eu central")]
    [InlineData("s3://bucket/x?region=eu-central-1&pathstyle=perhaps")]
    [InlineData("s3://bucket/x?region=eu-central-1&parallel=17")]
    [InlineData("s3://bucket/x?region=eu-central-1&storageclass=GRANITE")]
    [InlineData("s3://bucket/x?region=eu-central-1&checksum=crc16")]
    [InlineData("s3://bucket/x?region=eu-central-1&ca=/no/such/file.pem")]
    [InlineData("azblob://account/container?colour=red")]
    [InlineData("azblob://account/container?cloud=nine")]
    [InlineData("azblob://account/container?versioning=perhaps")]
    [InlineData("azblob://account/container?storageclass=Lukewarm")]
    [InlineData("azblob://account/container?checksum=sha256")]
    [InlineData("wasabi://bucket/x")]
    [InlineData("wasabi://bucket/x?region=eu-central-7")]
    [InlineData("wasabi://bucket/x?region=eu-central-1&private=yes")]
    [InlineData("wasabi://bucket/x?region=eu-central-1&storageclass=GLACIER")]
    [InlineData("ibmcos://bucket/x")]
    [InlineData("ibmcos://bucket/x?region=eu-de-standard")]
    [InlineData("b2://bucket/x")]
    [InlineData("b2://bucket/x?region=us-east-1")]
    [InlineData("b2://bucket/x?region=us-west-004&fips=yes")]
    public void A_setting_that_the_platform_has_not_is_refused(string address)
    {
        using var credential = TargetCredential.Of("id", "secret", "of the test");

        Assert.Equal(FaultCodes.TargetOptionInvalid, Assert.Throws<RequestException>(() => Open(address, credential)).Code);
    }

    [Theory]
    [InlineData("s3://bucket/x?region=eu-central-1", "aws-s3")]
    [InlineData("s3://bucket/x?endpoint=https://s3.example.org:9000", "aws-s3", "s3-compatible")]
    [InlineData("wasabi://bucket/x?region=eu-central-2", "aws-s3", "wasabi")]
    [InlineData("ibmcos://bucket/x?region=eu-de", "aws-s3", "ibm-cos")]
    [InlineData("b2://bucket/x?region=us-west-004", "aws-s3", "backblaze-b2")]
    [InlineData("azblob://account/container", "azure-blob")]
    [InlineData("gs://bucket/x", "google-cloud-storage")]
    [InlineData("sftp://me@host/x", "sftp")]
    [InlineData("davs://host/x", "webdav")]
    public void Each_setting_stands_in_the_page_of_its_platform(string address, params string[] pages)
    {
        const string Before = "; it has ";
        using var credential = TargetCredential.Of("id", "secret", "of the test");
        var refusal = Assert.Throws<RequestException>(() => Open($"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}colour=red", credential)).Message;
        var settings = refusal[(refusal.IndexOf(Before, StringComparison.Ordinal) + Before.Length)..].TrimEnd('.').Split(", ");

        var text = string.Concat(pages.Select(static page => Repository.Read($"docs/platforms/{page}.md")));
        Assert.Contains("stalltimeout", settings);
        Assert.All(settings, setting => Assert.Contains($"`{setting}`", text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("secret", "hunter2")]
    [InlineData("proxy", "http://ada:hunter2@proxy:3128")]
    [InlineData("endpoint", "https://s3.example.org?hunter2")]
    public void A_setting_that_is_a_secret_is_refused_and_not_repeated(string key, string value)
    {
        using var credential = TargetCredential.Of("id", "secret", "of the test");
        var settings = new TargetSettings { Address = TargetUri.Parse("s3://bucket/x?region=eu-central-1"), Options = new Dictionary<string, string>(StringComparer.Ordinal) { [key] = value } };
        var error = Assert.Throws<RequestException>(() => RemoteTargets.Open(settings, credential, new OpenContext(NullSink.Instance, TimeProvider.System)));

        Assert.Equal(FaultCodes.SecretInAddress, error.Code);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wasabi://bucket/x?region=us-east-1", "https://s3.wasabisys.com/")]
    [InlineData("wasabi://bucket/x?region=ap-southeast-2", "https://s3.ap-southeast-2.wasabisys.com/")]
    [InlineData("wasabi://bucket/x?region=eu-north-9&endpoint=https://s3.eu-north-9.wasabisys.com", "https://s3.eu-north-9.wasabisys.com/")]
    [InlineData("ibmcos://bucket/x?region=eu", "https://s3.eu.cloud-object-storage.appdomain.cloud/")]
    [InlineData("ibmcos://bucket/x?region=eu-de&private=yes", "https://s3.private.eu-de.cloud-object-storage.appdomain.cloud/")]
    [InlineData("b2://bucket/x?region=eu-central-003", "https://s3.eu-central-003.backblazeb2.com/")]
    public void The_region_leads_to_the_endpoint(string address, string endpoint)
    {
        var profile = address.Split(':')[0] switch { "wasabi" => WasabiProfile.Instance, "ibmcos" => IbmCosProfile.Instance, _ => BackblazeB2Profile.Instance };
        var settings = S3Settings.From(new TargetSettings { Address = TargetUri.Parse(address) }, profile, TimeSpan.FromSeconds(60));

        Assert.Equal(endpoint, settings.Endpoint.AbsoluteUri);
        Assert.Equal(TargetUri.Parse(address).Options["region"], settings.Region);
    }

    [Fact]
    public void What_is_missing_to_a_credential_is_said()
    {
        const string Address = "s3://bucket/x?region=eu-central-1";
        using var withoutId = TargetCredential.Of(null, "hunter2", "of the test");
        var error = Assert.Throws<RequestException>(() => Open(Address, withoutId));

        Assert.Equal(FaultCodes.CredentialMissing, Assert.Throws<RequestException>(() => Open(Address, TargetCredential.None)).Code);
        Assert.Equal(FaultCodes.CredentialNotUsable, error.Code);
        Assert.DoesNotContain("hunter2", error.ToString() + withoutId, StringComparison.Ordinal);
    }

    private static Target Open(string address, TargetCredential credential) =>
        RemoteTargets.Open(new TargetSettings { Address = TargetUri.Parse(address) }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
}
