using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Compression;

/// <summary>
/// The native library that the ZstdNet package carries, called directly: an error is a return value here, so that data which does not
/// compress costs no exception.
/// </summary>
internal sealed partial class NativeZstdCodec : IZstdCodec
{
    private const string Library = "libzstd";

    private static readonly Lazy<bool> Availability = new(() => NativeLibrary.TryLoad(Library, typeof(NativeZstdCodec).Assembly, searchPath: null, out _));

    private readonly CompressionContext _compression = Create<CompressionContext>(CreateCompressionContext());
    private readonly DecompressionContext _decompression = Create<DecompressionContext>(CreateDecompressionContext());
    private ZstdEffort _effort;

    /// <summary>Decided once for the process.</summary>
    internal static bool IsAvailable => Availability.Value;

    public bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, ZstdEffort effort, out int writtenBytes)
    {
        if (effort != _effort)
        {
            Set(ZstdParameter.Level, effort.Level);
            Set(ZstdParameter.ChainLog, effort.ChainLog);
            Set(ZstdParameter.HashLog, effort.HashLog);
            Set(ZstdParameter.SearchLog, effort.SearchLog);
            Set(ZstdParameter.MinMatch, effort.MinMatch);
            _effort = effort;
        }

        return IsDone(Compress(_compression, destination, (nuint)destination.Length, plain, (nuint)plain.Length), out writtenBytes);
    }

    public int FrameBytes(ReadOnlySpan<byte> compressed) =>
        IsDone(FindFrameSize(compressed, (nuint)compressed.Length), out var frameBytes) ? frameBytes : 0;

    public bool TryDecompress(ReadOnlySpan<byte> compressed, Span<byte> destination, out int writtenBytes) =>
        IsDone(Decompress(_decompression, destination, (nuint)destination.Length, compressed, (nuint)compressed.Length), out writtenBytes);

    public void Dispose()
    {
        _compression.Dispose();
        _decompression.Dispose();
    }

    private void Set(ZstdParameter parameter, int value)
    {
        if (IsError(SetParameter(_compression, parameter, value)) != 0)
        {
            throw new InvalidOperationException($"zstd does not take {value} for {parameter}.");
        }
    }

    private static T Create<T>(T context)
        where T : SafeHandle =>
        context.IsInvalid ? throw new InvalidOperationException("zstd gets no memory for a context.") : context;

    private static bool IsDone(nuint result, out int writtenBytes)
    {
        var isError = IsError(result) != 0;
        writtenBytes = isError ? 0 : (int)result;
        return !isError;
    }

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    private static partial CompressionContext CreateCompressionContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    private static partial DecompressionContext CreateDecompressionContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    private static partial nuint FreeCompressionContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    private static partial nuint FreeDecompressionContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    private static partial nuint SetParameter(CompressionContext context, ZstdParameter parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_compress2")]
    private static partial nuint Compress(
        CompressionContext context, Span<byte> destination, nuint capacityBytes, ReadOnlySpan<byte> source, nuint sourceBytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressDCtx")]
    private static partial nuint Decompress(
        DecompressionContext context, Span<byte> destination, nuint capacityBytes, ReadOnlySpan<byte> source, nuint sourceBytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_findFrameCompressedSize")]
    private static partial nuint FindFrameSize(ReadOnlySpan<byte> source, nuint sourceBytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint result);

    /// <summary>Numbers of the library's stable interface (zstd.h, ZSTD_cParameter).</summary>
    private enum ZstdParameter
    {
        Level = 100,
        HashLog = 102,
        ChainLog = 103,
        SearchLog = 104,
        MinMatch = 105,
    }

    private abstract class Context() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;
    }

    private sealed class CompressionContext : Context
    {
        protected override bool ReleaseHandle() => FreeCompressionContext(handle) == 0;
    }

    private sealed class DecompressionContext : Context
    {
        protected override bool ReleaseHandle() => FreeDecompressionContext(handle) == 0;
    }
}
