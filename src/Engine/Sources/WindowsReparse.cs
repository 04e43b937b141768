using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>Reparse points: their buffer, and where a symbolic link leads.</summary>
[SupportedOSPlatform("windows")]
internal static class WindowsReparse
{
    private const int MaxBufferBytes = 16 * 1024;

    /// <summary>Tag 4, length 2, reserved 2, four numbers of 2 and flags 4; then the text.</summary>
    private const int SymbolicLinkTextOffset = 20;

    public static byte[]? Read(SafeFileHandle handle)
    {
        var buffer = new byte[MaxBufferBytes];
        return WindowsCalls.Control(handle, WindowsCalls.GetReparsePoint, [], 0, buffer, MaxBufferBytes, out var length, 0) ? buffer[..(int)length] : null;
    }

    /// <summary>The name shown to people, or the kernel's where there is none.</summary>
    public static byte[]? TargetOf(ReadOnlySpan<byte> reparse)
    {
        if (reparse.Length < SymbolicLinkTextOffset)
        {
            return null;
        }

        var text = reparse[SymbolicLinkTextOffset..];
        var shown = Slice(text, reparse[12..]);
        return Wtf8.Encode(MemoryMarshal.Cast<byte, char>(shown.IsEmpty ? Slice(text, reparse[8..]) : shown));
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> text, ReadOnlySpan<byte> place)
    {
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(place);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(place[2..]);
        return offset + length <= text.Length ? text.Slice(offset, length) : default;
    }
}
