namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>An error as the platform answers it.</summary>
public sealed class S3RefusalException(int status, string code, string? more = null, string? message = null) : Exception(message ?? code)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    /// <summary>Further elements of the answer's XML.</summary>
    public string? More { get; } = more;

    public static S3RefusalException NoSuchKey => new(404, "NoSuchKey");

    public static S3RefusalException AccessDenied => new(403, "AccessDenied");
}
