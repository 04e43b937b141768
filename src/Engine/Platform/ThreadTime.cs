using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Platform;

/// <summary>How long the processor has worked for the thread that asks, in the kernel too. On Linux; zero where it is not told.</summary>
internal static partial class ThreadTime
{
    private const int ThreadClock = 3;

    internal static TimeSpan Now => OperatingSystem.IsLinux() && GetTime(ThreadClock, out var time) == 0
        ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0)
        : TimeSpan.Zero;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Instant time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Instant
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
