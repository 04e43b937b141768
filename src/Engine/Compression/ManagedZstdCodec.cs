using ZstdSharp;
using ZstdSharp.Unsafe;

namespace SecureBackup.Engine.Compression;

/// <summary>The managed port: everywhere, at about two thirds of the native speed.</summary>
internal sealed class ManagedZstdCodec : IZstdCodec
{
    private readonly Compressor _compressor = new();
    private readonly Decompressor _decompressor = new();
    private ZstdEffort _effort;

    public bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, ZstdEffort effort, out int writtenBytes)
    {
        if (effort != _effort)
        {
            _compressor.SetParameter(ZSTD_cParameter.ZSTD_c_compressionLevel, effort.Level);
            _compressor.SetParameter(ZSTD_cParameter.ZSTD_c_chainLog, effort.ChainLog);
            _compressor.SetParameter(ZSTD_cParameter.ZSTD_c_hashLog, effort.HashLog);
            _compressor.SetParameter(ZSTD_cParameter.ZSTD_c_searchLog, effort.SearchLog);
            _compressor.SetParameter(ZSTD_cParameter.ZSTD_c_minMatch, effort.MinMatch);
            _effort = effort;
        }

        return _compressor.TryWrap(plain, destination, out writtenBytes);
    }

    public unsafe int FrameBytes(ReadOnlySpan<byte> compressed)
    {
        fixed (byte* start = compressed)
        {
            var result = Methods.ZSTD_findFrameCompressedSize(start, (nuint)compressed.Length);
            return Methods.ZSTD_isError(result) ? 0 : (int)result;
        }
    }

    public bool TryDecompress(ReadOnlySpan<byte> compressed, Span<byte> destination, out int writtenBytes)
    {
        try
        {
            return _decompressor.TryUnwrap(compressed, destination, out writtenBytes);
        }
        catch (ZstdException)
        {
            writtenBytes = 0;
            return false;
        }
    }

    public void Dispose()
    {
        _compressor.Dispose();
        _decompressor.Dispose();
    }
}
