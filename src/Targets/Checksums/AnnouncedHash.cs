using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Checksums;

/// <summary>For servers that compare nothing: what was announced is proved before anything is sent.</summary>
internal static class AnnouncedHash
{
    /// <exception cref="IntegrityException">The content is another.</exception>
    public static async Task ProveAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        if (options.Sha256 is not { } announced)
        {
            return;
        }

        await using var bytes = content.AsStream();
        if (new ContentHash(Id256.Read(await SHA256.HashDataAsync(bytes, cancellationToken))) != announced)
        {
            throw new IntegrityException(FaultCodes.ContentMismatch, $"'{name}' does not have the announced SHA-256 {announced}.");
        }
    }
}
