using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class LocalFaultsTests
{
    [Theory]
    [InlineData(28, TargetFault.QuotaExceeded)] // ENOSPC
    [InlineData(122, TargetFault.QuotaExceeded)] // EDQUOT
    [InlineData(30, TargetFault.AccessDenied)] // EROFS
    [InlineData(13, TargetFault.AccessDenied)] // EACCES
    [InlineData(1, TargetFault.AccessDenied)] // EPERM
    [InlineData(2, TargetFault.NotFound)] // ENOENT
    [InlineData(17, TargetFault.AlreadyExists)] // EEXIST
    [InlineData(5, TargetFault.Unavailable)] // EIO
    [InlineData(116, TargetFault.Unavailable)] // ESTALE
    [InlineData(110, TargetFault.Unavailable)] // ETIMEDOUT
    [InlineData(12345, TargetFault.Unavailable)]
    public void Linux_errors_have_their_meaning(int errno, TargetFault expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The numbers are those of Linux.");

        var fault = LocalFaults.From(new IOException("why", errno), "doing");

        Assert.Equal(expected, fault.Fault);
        Assert.Equal("doing: why", fault.Message);
    }

    [Fact]
    public void The_types_of_the_runtime_have_their_meaning()
    {
        Assert.Equal(TargetFault.NotFound, LocalFaults.Classify(new FileNotFoundException()));
        Assert.Equal(TargetFault.NotFound, LocalFaults.Classify(new DirectoryNotFoundException()));
        Assert.Equal(TargetFault.AccessDenied, LocalFaults.Classify(new UnauthorizedAccessException()));
        Assert.Equal(TargetFault.Unsupported, LocalFaults.Classify(new PathTooLongException()));
        Assert.Equal(TargetFault.Unsupported, LocalFaults.Classify(new NotSupportedException()));
        Assert.False(LocalFaults.IsFileError(new OperationCanceledException()));
        Assert.False(LocalFaults.IsFileError(new InvalidOperationException()));
    }
}
