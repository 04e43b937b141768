using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Tests.Unit.Targets.Naming;

public sealed class TargetUriTests
{
    [Theory]
    [InlineData("s3://bucket/prefix?region=eu-central-1")]
    [InlineData("s3://bucket/prefix?endpoint=http://127.0.0.1:7480")]
    [InlineData("s3://bucket")]
    [InlineData("wasabi://bucket/prefix?region=eu-central-2")]
    [InlineData("ibmcos://bucket/prefix?region=eu-de")]
    [InlineData("b2://bucket/prefix?region=us-west-004")]
    [InlineData("azblob://account/container/prefix?cloud=usgov")]
    [InlineData("azblob://devstoreaccount1/container/p?endpoint=http://127.0.0.1:10000/devstoreaccount1")]
    [InlineData("gs://bucket/prefix")]
    [InlineData("sftp://user@host:2222/srv/backups/shop?hostkey=SHA256:aB+/9")]
    [InlineData("sftp://user@host/~/shop")]
    [InlineData("davs://host/dav/two%20words")]
    public void The_canonical_text_is_its_own(string text)
    {
        var address = TargetUri.Parse(text);

        Assert.Equal(text, address.Canonical);
        Assert.Equal(text, TargetUri.Parse(address.ToString()).Canonical);
    }

    [Theory]
    [InlineData("S3://Bucket//prefix/?region=eu-central-1", "s3://bucket/prefix?region=eu-central-1")]
    [InlineData("s3://bucket/p?region=us-east-1&endpoint=https://s3.example.org", "s3://bucket/p?endpoint=https://s3.example.org")]
    [InlineData("s3://bucket/p?Region=us-east-1", "s3://bucket/p?region=us-east-1")]
    [InlineData("azblob://account/container?cloud=public", "azblob://account/container")]
    [InlineData("s3://bucket/p?region=a&proxy=none", "s3://bucket/p?proxy=none&region=a")]
    public void What_means_the_same_has_one_text(string text, string canonical) => Assert.Equal(canonical, TargetUri.Parse(text).Canonical);

    [Fact]
    public void Its_parts_are_read()
    {
        var address = TargetUri.Parse("sftp://ada@host:2222/srv/two%20words/?hostkey=SHA256:x&parallel=4");

        Assert.Equal(("sftp", "ada", "host:2222", "srv/two words/"), (address.Scheme, address.User, address.Host, address.Prefix));
        Assert.Equal("SHA256:x", address.Options["hostkey"]);
        Assert.Equal("4", address.Options["parallel"]);
        Assert.Equal("", TargetUri.Parse("s3://bucket/").Prefix);
    }

    [Theory]
    [InlineData("s3://bucket", true)]
    [InlineData("b2://bucket", true)]
    [InlineData("C://folder", false)]
    [InlineData(@"C:\folder", false)]
    [InlineData("./s3://bucket", false)]
    [InlineData("bucket", false)]
    [InlineData("://bucket", false)]
    public void An_address_is_told_from_a_path(string text, bool isOne) => Assert.Equal(isOne, TargetUri.IsOne(text));

    [Theory]
    [InlineData("bucket/prefix")]
    [InlineData("ftp://host/x")]
    [InlineData("s3://")]
    [InlineData("s3://ab")]
    [InlineData("s3://bad_/x")]
    [InlineData("s3://two..dots")]
    [InlineData("s3://user@bucket/x")]
    [InlineData("s3://bucket/a/../b")]
    [InlineData("s3://bucket/white space")]
    [InlineData("s3://bucket/x?region")]
    [InlineData("s3://bucket/x?region=a&region=b")]
    [InlineData("s3://bucket/x?endpoint=ftp://host")]
    [InlineData("s3://bucket/x?endpoint=host:80")]
    [InlineData("azblob://account")]
    [InlineData("azblob://Ac-count/container")]
    [InlineData("azblob://account/Co--ntainer")]
    [InlineData("sftp:///srv")]
    public void What_is_no_address_is_refused(string text) => Assert.Equal(FaultCodes.TargetAddressInvalid, Refused(text).Code);

    [Theory]
    [InlineData("sftp://ada:hunter2@host/srv")]
    [InlineData("s3://AKIA:hunter2@bucket/x")]
    [InlineData("s3://AKIA:hunter2/cd@bucket/x")]
    [InlineData("s3://AKIA:ab/hunter2@bucket/x?region=a")]
    [InlineData("s3://AKIA:hunter2?cd@bucket/x")]
    [InlineData("sftp://ada:ab#hunter2/cd@host/srv")]
    [InlineData("s3://bucket/x?secret=hunter2")]
    [InlineData("s3://bucket/x?access_key=hunter2")]
    [InlineData("azblob://account/container?sv=1&sig=hunter2")]
    [InlineData("gs://bucket/x?Token=hunter2")]
    [InlineData("s3://bucket/x?endpoint=http://ada:hunter2@127.0.0.1")]
    [InlineData("s3://bucket/x?proxy=ada:hunter2@proxy:3128")]
    [InlineData("s3://bucket/x?proxy=http://ada:ab/hunter2@proxy:3128")]
    [InlineData("s3://bucket/x?endpoint=https://s3.example.org?sig%3Dhunter2")]
    public void A_secret_in_an_address_is_refused_and_not_repeated(string text)
    {
        var error = Refused(text);

        Assert.Equal(FaultCodes.SecretInAddress, error.Code);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AKIA:hunter2/cd@bucket?endpoint=http://x")]
    [InlineData("ftp://ada:ab/hunter2@host/x")]
    public void What_is_no_address_is_said_without_its_secret(string text) => Assert.DoesNotContain("hunter2", Refused(text).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("ftp://ada:hunter2@host")]
    [InlineData("https://host/?sig=hunter2")]
    public void An_endpoint_that_is_none_is_said_without_its_secret(string endpoint)
    {
        var error = Assert.Throws<RequestException>(() => PlainHttp.Refuse(endpoint, isAllowed: true));

        Assert.Equal(FaultCodes.TargetAddressInvalid, error.Code);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://bucket/x?endpoint=http://s3.example.org")]
    [InlineData("s3://bucket/x?endpoint=http://10.0.0.8:9000")]
    [InlineData("dav://nas.example.org/dav")]
    public void Plain_http_goes_to_this_machine_alone(string text)
    {
        Assert.Equal(FaultCodes.PlainHttpRefused, Refused(text).Code);
        TargetUri.Parse($"{text}{(text.Contains('?', StringComparison.Ordinal) ? '&' : '?')}allowplainhttp=yes");
    }

    [Theory]
    [InlineData("s3://bucket/x?endpoint=http://localhost:9000")]
    [InlineData("s3://bucket/x?endpoint=http://[::1]:9000")]
    [InlineData("dav://127.0.0.1:8080/dav")]
    public void Plain_http_to_this_machine_is_taken(string text) => TargetUri.Parse(text);

    [Fact]
    public void A_prefix_that_leaves_no_room_for_names_is_refused()
    {
        TargetUri.Parse($"s3://bucket/{new string('a', 823)}");
        var error = Assert.Throws<TargetException>(() => TargetUri.Parse($"s3://bucket/{new string('a', 824)}"));

        Assert.Equal(TargetFault.NameTooLong, error.Fault);
    }

    [Theory]
    [InlineData("sftp://u@nas/x", 255)]
    [InlineData("davs://nas/x", 255)]
    [InlineData("s3://bucket/x", 600)]
    public void A_folder_that_no_file_system_takes_is_refused_where_prefixes_are_folders(string place, int length)
    {
        TargetUri.Parse($"{place}/{new string('a', length)}/y");
        if (length == 255)
        {
            // 300 bytes, which are too many for some file systems, and not for others.
            TargetUri.Parse($"{place}/{string.Concat(Enumerable.Repeat("%E4%B8%AD", 100))}/y");
            foreach (var name in new[] { new string('a', 256), string.Concat(Enumerable.Repeat("%C3%A4", 256)) })
            {
                var error = Assert.Throws<TargetException>(() => TargetUri.Parse($"{place}/{name}/y"));
                Assert.Equal(TargetFault.NameTooLong, error.Fault);
                Assert.Contains("256 characters", error.Message, StringComparison.Ordinal);
            }
        }
    }

    private static RequestException Refused(string text) => Assert.Throws<RequestException>(() => TargetUri.Parse(text));
}
