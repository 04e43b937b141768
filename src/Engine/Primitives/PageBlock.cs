using System.Buffers;
using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// Pages of the operating system's, outside the garbage collected heap: large buffers there leave holes that the process keeps, and set off collections of
/// everything. They go back the moment they are freed; those of a block that nobody frees, when the collector finds it.
/// </summary>
internal sealed unsafe class PageBlock(int lengthBytes) : MemoryManager<byte>
{
    private readonly Pages _pages = Pages.Allocate(lengthBytes);

    internal int LengthBytes { get; } = lengthBytes;

    /// <summary>All zero at first.</summary>
    public override Span<byte> GetSpan() => new(Start, LengthBytes);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)LengthBytes, nameof(elementIndex));
        return new MemoryHandle(Start + elementIndex, default, this);
    }

    public override void Unpin()
    {
        // Nothing moves these pages.
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pages.Dispose();
        }
    }

    private byte* Start
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
            return (byte*)_pages.DangerousGetHandle();
        }
    }
}

/// <summary>Not by malloc on Unix, which keeps blocks of this size for later.</summary>
internal sealed unsafe partial class Pages : SafeHandle
{
    private const int ReadAndWrite = 3;
    private const int PrivateAnonymousLinux = 0x22;
    private const int PrivateAnonymousMac = 0x1002;

    /// <summary>Packs, which mostly are filled to their end. Shorter blocks are kept, most are used in part, and a huge page would stay for that.</summary>
    private const int MinHugeBytes = 8 * 1024 * 1024;
    private const int UseHugePages = 14;

    private readonly nuint _lengthBytes;

    private Pages(void* start, nuint lengthBytes)
        : base(-1, ownsHandle: true)
    {
        _lengthBytes = lengthBytes;
        SetHandle((nint)start);
    }

    public override bool IsInvalid => handle == -1;

    /// <exception cref="InvalidOperationException">The system gives none.</exception>
    internal static Pages Allocate(int lengthBytes)
    {
        var length = (nuint)lengthBytes;
        if (OperatingSystem.IsWindows())
        {
            return new Pages(NativeMemory.AllocZeroed(length), length);
        }

        var kind = OperatingSystem.IsMacOS() ? PrivateAnonymousMac : PrivateAnonymousLinux;
        var pages = new Pages(Map(null, length, ReadAndWrite, kind, -1, 0), length);
        if (pages.IsInvalid)
        {
            throw new InvalidOperationException($"The system has no {lengthBytes} bytes of memory left.");
        }

        if (OperatingSystem.IsLinux() && lengthBytes >= MinHugeBytes)
        {
            // A pack in huge pages costs eight faults for 4,096. A kernel that has none says so, and nothing is lost.
            _ = Advise((void*)pages.handle, length, UseHugePages);
        }

        return pages;
    }

    protected override bool ReleaseHandle()
    {
        if (OperatingSystem.IsWindows())
        {
            NativeMemory.Free((void*)handle);
            return true;
        }

        return Unmap((void*)handle, _lengthBytes) == 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint lengthBytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint lengthBytes, int advice);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint lengthBytes);
}
