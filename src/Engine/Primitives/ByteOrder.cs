namespace SecureBackup.Engine.Primitives;

/// <summary>Byte arrays as unsigned bytes, a prefix first.</summary>
public sealed class ByteOrder : IComparer<byte[]>
{
    private ByteOrder()
    {
    }

    public static ByteOrder Instance { get; } = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y.AsSpan());
}
