using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>An index segment as it was given to the target.</summary>
internal readonly record struct SegmentUpload(ObjectStat Stat, ReadOnlyMemory<byte> Bytes)
{
    internal static async Task<SegmentUpload> StoreAsync(UnlockedVault vault, IndexSegmentBuilder builder, SegmentSealing sealing, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        var name = IndexSegmentBuilder.NameOf(builder.Write(content, sealing));
        var bytes = content.GetBuffer().AsMemory(0, (int)content.Length);
        content.Position = 0;
        var receipt = await vault.Target.PutAsync(name, content, new PutOptions(Sha256: ContentHash.Of(bytes.Span)) { IsOwnName = true }, cancellationToken);
        return new SegmentUpload(new ObjectStat(name, bytes.Length, receipt.StoreTime) { Tag = receipt.Tag }, bytes);
    }

    /// <summary>Opened for lookups: by the bytes at hand, which a target that does not check what it keeps gives back first.</summary>
    /// <exception cref="IntegrityException">UploadNotConfirmed.</exception>
    internal async Task<IndexSegment> OpenAsync(UnlockedVault vault, PageCache cache, CancellationToken cancellationToken)
    {
        if (!vault.Target.Capabilities.ServerChecksum)
        {
            await ConfirmAsync(vault.Target.Uncached, cancellationToken);
        }

        return await IndexSegment.OpenWrittenAsync(vault.Target, Stat, Bytes, SegmentSealings.AccessOf(vault), cache, cancellationToken);
    }

    private async Task ConfirmAsync(Target target, CancellationToken cancellationToken)
    {
        const int PieceBytes = 1024 * 1024;
        using var piece = OwnedBuffer.Rent(Math.Min(PieceBytes, Bytes.Length));
        for (var offset = 0; offset < Bytes.Length; offset += PieceBytes)
        {
            var part = piece.Memory[..Math.Min(PieceBytes, Bytes.Length - offset)];
            await target.ReadAsync(Stat.Name, offset, part, cancellationToken);
            if (!part.Span.SequenceEqual(Bytes.Span.Slice(offset, part.Length)))
            {
                throw new IntegrityException(FaultCodes.UploadNotConfirmed, $"{target.DisplayName} took {Stat.Name} and gives other bytes back than were sealed.");
            }
        }
    }
}
