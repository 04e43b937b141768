using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// A small file in the host's memory of a vault, read and written whole, sealed under a key that only this member on this host has. It may be lost: who reads it does without.
/// </summary>
/// <param name="label">What the key is derived for.</param>
internal sealed class SealedHostFile(UnlockedVault vault, string name, byte[] label, int maxPlainBytes)
{
    internal string FullPath { get; } = Path.Combine(vault.Host.FolderOf(vault.Id), name);

    /// <summary>Null where there is no file, or none that this member wrote whole.</summary>
    /// <exception cref="IOException">It cannot be read; likewise <see cref="UnauthorizedAccessException"/>.</exception>
    /// <exception cref="Faults.BackupException">It is no object of this vault's.</exception>
    internal OwnedBuffer? TryRead()
    {
        if (!File.Exists(FullPath))
        {
            return null;
        }

        using var file = new FileStream(FullPath, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        if (file.Length > ObjectHeader.SizeBytes + SealedBlob.SealedBytesOf(maxPlainBytes))
        {
            return null;
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var header = ObjectHeader.Read(bytes);
        header.Expect(ObjectKind.HostCache, vault.Id);
        using var root = Root();
        return SealedBlob.TryOpen(new ObjectKey(root.Bytes, header, SealPurpose.Cache), bytes.AsSpan(ObjectHeader.SizeBytes), maxPlainBytes);
    }

    /// <summary>A crash leaves the old file or the new one; of two runs at once that of one stays.</summary>
    /// <exception cref="IOException">It cannot be written; likewise <see cref="UnauthorizedAccessException"/>.</exception>
    internal async Task WriteAsync(ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FullPath)!);
        await DurableFile.WriteAsync(FullPath, Seal(plain.Span), DurableWriteOptions.Private, cancellationToken);
    }

    private byte[] Seal(ReadOnlySpan<byte> plain)
    {
        var header = new ObjectHeader(ObjectKind.HostCache, 0, vault.Id, ObjectId.Random());
        var bytes = new byte[ObjectHeader.SizeBytes + SealedBlob.SealedBytesOf(plain.Length)];
        header.Write(bytes);
        using var root = Root();
        SealedBlob.Seal(new ObjectKey(root.Bytes, header, SealPurpose.Cache), plain, bytes.AsSpan(ObjectHeader.SizeBytes));
        return bytes;
    }

    private DerivedKey Root() => DerivedKey.Derive(vault.SelfKey, label);
}
