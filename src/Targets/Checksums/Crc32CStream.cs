namespace SecureBackup.Targets.Checksums;

/// <summary>The CRC-32C of all that is written.</summary>
internal sealed class Crc32CStream : SumStream
{
    private Crc32C _sum = new();

    public uint Value => _sum.Value;

    public override void Write(ReadOnlySpan<byte> buffer) => _sum.Append(buffer);
}
