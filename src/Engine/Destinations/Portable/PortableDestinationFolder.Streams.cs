using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Destinations.Portable;

/// <summary>Alternate streams, by path: only Windows has them.</summary>
internal sealed partial class PortableDestinationFolder
{
    public override bool TryWriteStream(byte[] name, AlternateStream stream, long offset, ReadOnlySpan<byte> bytes)
    {
        var text = PortableEntry.ToText(stream.Name);
        if (!OperatingSystem.IsWindows() || text.Length == 0 || text.AsSpan().ContainsAny("\\/:\0"))
        {
            return false;
        }

        try
        {
            using var handle = File.OpenHandle($"{At(name)}:{text}", FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(handle, bytes, offset);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw PortableEntry.Translate(failure);
        }
    }

    public override bool TryReadStream(byte[] name, AlternateStream stream, long offset, Span<byte> bytes)
    {
        if (!OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            using var handle = File.OpenHandle($"{At(name)}:{PortableEntry.ToText(stream.Name)}");
            while (!bytes.IsEmpty)
            {
                var count = RandomAccess.Read(handle, bytes, offset);
                offset += count;
                bytes = count > 0 ? bytes[count..] : throw new FolderException(FolderError.DeviceFailed, "a stream is shorter than what was written to it");
            }

            return true;
        }
        catch (Exception failure) when (failure is (IOException or UnauthorizedAccessException) and not FolderException)
        {
            throw PortableEntry.Translate(failure);
        }
    }
}
