using SecureBackup.Engine.Faults;
using SecureBackup.Targets.S3;

namespace SecureBackup.Tests.Unit.Stores.S3;

public sealed class S3PoliciesTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("""{ "Statement": [] }""", false)]
    [InlineData("""{ "Statement": { "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": { "Bool": { "aws:SecureTransport": "false" } } } }""", true)]
    [InlineData("""{ "Statement": [{ "Effect": "Deny", "Principal": { "AWS": ["*"] }, "Action": ["s3:*"], "Condition": { "Bool": { "AWS:secureTransport": [false] } } }] }""", true)]
    [InlineData("""{ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] }""", false)]
    [InlineData("""{ "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] }""", false)]
    [InlineData("""{ "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": { "Bool": { "aws:SecureTransport": "true" } } }] }""", false)]
    public void A_policy_demands_TLS_where_it_denies_everybody_everything_without(string? policy, bool isDemanded) => Assert.Equal(isDemanded, S3Policies.DemandsTls(policy));

    [Fact]
    public void Our_statement_is_added_once_and_others_stay()
    {
        const string Own = """{"Version":"2008-10-17","Statement":[{"Sid":"mine","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:GetObject","Resource":"x"}]}""";
        var once = S3Policies.WithTls(Own, "bucket", "us-gov-west-1");

        Assert.True(S3Policies.DemandsTls(once));
        Assert.Contains("\"mine\"", once, StringComparison.Ordinal);
        Assert.Contains("2008-10-17", once, StringComparison.Ordinal);
        Assert.Contains("arn:aws-us-gov:s3:::bucket/*", once, StringComparison.Ordinal);
        Assert.Equal(once, S3Policies.WithTls(once, "bucket", "us-gov-west-1"));
        Assert.True(S3Policies.DemandsTls(S3Policies.WithTls(null, "bucket", "eu-central-1")));
    }

    [Fact]
    public void A_policy_that_cannot_be_read_is_left_alone() =>
        Assert.Equal(FaultCodes.SetupRefused, Assert.Throws<RequestException>(static () => S3Policies.WithTls("{", "bucket", "eu-central-1")).Code);
}
