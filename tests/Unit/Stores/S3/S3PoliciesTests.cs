using SecureBackup.Engine.Faults;
using SecureBackup.Targets.S3;

namespace SecureBackup.Tests.Unit.Stores.S3;

public sealed class S3PoliciesTests
{
    private const string Rest = """ "Principal": "*", "Action": "s3:*", """;
    private const string All = """ "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"], """;
    private const string Tls = """ "Condition": { "Bool": { "aws:SecureTransport": "false" } } """;

    [Theory]
    [InlineData(null, false)]
    [InlineData("""{ "Statement": [] }""", false)]
    [InlineData("{ \"Statement\": { \"Effect\": \"Deny\"," + Rest + All + Tls + "} }", true)]
    [InlineData("""{ "Statement": [{ "Effect": "Deny", "Principal": { "AWS": ["*"] }, "Action": ["s3:*"], "Resource": "*", "Condition": { "Bool": { "AWS:secureTransport": [false] } } }] }""", true)]
    [InlineData("{ \"Statement\": [{ \"Effect\": \"Allow\"," + Rest + All + Tls + "}] }", false)]
    [InlineData("{ \"Statement\": [{ \"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\"," + All + Tls + "}] }", false)]
    [InlineData("{ \"Statement\": [{ \"Effect\": \"Deny\"," + Rest + All + "\"Condition\": { \"Bool\": { \"aws:SecureTransport\": \"true\" } } }] }", false)]
    public void A_policy_demands_TLS_where_it_denies_everybody_everything_without(string? policy, bool isDemanded) => Assert.Equal(isDemanded, S3Policies.DemandsTls(policy, "bucket", "vault/"));

    [Theory]
    [InlineData("\"arn:aws:s3:::bucket/*\"", true)]
    [InlineData("\"arn:aws-cn:s3:::bucket/vault/*\"", true)]
    [InlineData("\"arn:aws:s3:::*\"", true)]
    [InlineData("\"arn:aws:s3:::bucket\"", false)]
    [InlineData("\"arn:aws:s3:::other/*\"", false)]
    [InlineData("[\"arn:aws:s3:::bucket\", \"arn:aws:s3:::bucket/other/*\"]", false)]
    [InlineData("\"arn:aws:s3:::bucket/vault/packs/*\"", false)]
    [InlineData("\"arn:aws:s3:::bucket/*/*\"", false)]
    [InlineData("null", false)]
    public void It_is_about_all_objects_of_the_target(string resource, bool isDemanded) =>
        Assert.Equal(isDemanded, S3Policies.DemandsTls("{ \"Statement\": [{ \"Effect\": \"Deny\"," + Rest + "\"Resource\": " + resource + "," + Tls + "}] }", "bucket", "vault/"));

    [Theory]
    [InlineData("""{ "Bool": { "aws:SecureTransport": "false" }, "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }""")]
    [InlineData("""{ "Bool": { "aws:SecureTransport": "false", "aws:MultiFactorAuthPresent": "false" } }""")]
    public void And_holds_under_no_other_condition(string condition) =>
        Assert.False(S3Policies.DemandsTls("{ \"Statement\": [{ \"Effect\": \"Deny\"," + Rest + All + "\"Condition\": " + condition + "}] }", "bucket", "vault/"));

    [Fact]
    public void Our_statement_is_added_once_and_others_stay()
    {
        const string Own = """{"Version":"2008-10-17","Statement":[{"Sid":"mine","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:GetObject","Resource":"x"}]}""";
        var once = S3Policies.WithTls(Own, "bucket", "us-gov-west-1");

        Assert.True(S3Policies.DemandsTls(once, "bucket", "vault/"));
        Assert.Contains("\"mine\"", once, StringComparison.Ordinal);
        Assert.Contains("2008-10-17", once, StringComparison.Ordinal);
        Assert.Contains("arn:aws-us-gov:s3:::bucket/*", once, StringComparison.Ordinal);
        Assert.Equal(once, S3Policies.WithTls(once, "bucket", "us-gov-west-1"));
        Assert.True(S3Policies.DemandsTls(S3Policies.WithTls(null, "bucket", "eu-central-1"), "bucket", ""));
    }

    [Fact]
    public void A_policy_that_cannot_be_read_is_left_alone() =>
        Assert.Equal(FaultCodes.SetupRefused, Assert.Throws<RequestException>(static () => S3Policies.WithTls("{", "bucket", "eu-central-1")).Code);
}
