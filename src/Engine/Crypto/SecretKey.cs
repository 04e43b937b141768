using System.Security.Cryptography;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// 32 secret bytes with one owner, wiped on disposal and never printed. They lie in pinned memory, so that the garbage collector
/// leaves no copies. The subclasses give each key its one use.
/// </summary>
public abstract class SecretKey : IDisposable
{
    public const int SizeBytes = 32;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(SizeBytes, pinned: true);
    private bool _isDisposed;

    /// <param name="bytes">Exactly 32 bytes; copied, and still the caller's to wipe.</param>
    protected SecretKey(ReadOnlySpan<byte> bytes)
    {
        Length.MustBe(SizeBytes, bytes);
        bytes.CopyTo(_bytes);
    }

    /// <summary>The key itself, for sealing and deriving; never for a log or a message.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            ThrowIfDisposed();
            return _bytes;
        }
    }

    public override string ToString() => GetType().Name;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    protected virtual void Dispose(bool disposing)
    {
        _isDisposed = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }
}

/// <summary>The root that one object, or one epoch of objects, is sealed under. Never encrypts directly: see <see cref="ObjectKey"/>.</summary>
public sealed class RootKey(ReadOnlySpan<byte> bytes) : SecretKey(bytes)
{
    public static RootKey Create()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        RandomNumberGenerator.Fill(bytes);
        var key = new RootKey(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }
}

/// <summary>One key of one subject domain. Destroying every copy of it makes that subject's records unreadable.</summary>
public sealed class SubjectKey(ReadOnlySpan<byte> bytes) : SecretKey(bytes)
{
    public static SubjectKey Create()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        RandomNumberGenerator.Fill(bytes);
        var key = new SubjectKey(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }
}
