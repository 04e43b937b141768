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
        using var content = new MemoryStream(builder.ExpectedBytes);
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
        var (name, bytes) = (Stat.Name, Bytes);
        using var piece = OwnedBuffer.Rent(Math.Min(PieceBytes, bytes.Length));
        for (var at = 0; at < bytes.Length; at += PieceBytes)
        {
            var offset = at;
            var part = piece.Memory[..Math.Min(PieceBytes, bytes.Length - offset)];
            await SecondRead.RunAsync(target, name, async from =>
            {
                await from.ReadAsync(name, offset, part, cancellationToken);
                return part.Span.SequenceEqual(bytes.Span.Slice(offset, part.Length))
                    ? part
                    : throw new IntegrityException(FaultCodes.UploadNotConfirmed, $"{target.DisplayName} took {name} and gives other bytes back than were sealed.");
            });
        }
    }
}
