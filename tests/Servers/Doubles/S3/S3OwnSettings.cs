namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Settings that Amazon's description does not have: what was put is given back, and the root of what is put is looked at.</summary>
internal static class S3OwnSettings
{
    public static Task Answer(S3Call call, S3Bucket bucket, string name, S3DoubleOptions options)
    {
        switch (call.Method)
        {
            case "GET":
                return call.AnswerAsync(200, bucket.Settings.GetValueOrDefault(name) ?? throw new S3RefusalException(404, "NoSuchConfiguration"));
            case "PUT" when call.Xml() is var given && given.Name.LocalName == options.OwnSettings[name]:
                bucket.Settings[name] = given;
                return call.AnswerAsync(200);
            default:
                throw new S3RefusalException(400, "MalformedXML");
        }
    }
}
