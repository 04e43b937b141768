using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Index;

/// <summary>A pack as it says of itself: ready for <see cref="IndexSegmentBuilder.TryAdd"/>.</summary>
public sealed record RebuiltPack(PackRecord Record, MemberEntry Writer, IReadOnlyList<PackEntry> Entries);

/// <summary>How much of each pack is read.</summary>
public enum RebuildDepth
{
    /// <summary>Header and table: a few kilobytes a pack. The record's hash stays unknown (all zero).</summary>
    Tables,

    /// <summary>Every byte: the frames are compared with the hash that the writer signed, and the record has the pack's hash.</summary>
    WholePacks,
}

/// <summary>
/// Learns from the packs alone what an index would say, with the index key alone: for a lost index, and to adopt packs that an interrupted run
/// of one's own had stored but not yet named in a segment. Trusts no more than an index does: each table is signed by its writer.
/// </summary>
public sealed class IndexRebuilder(Target target, IndexAccess access)
{
    private const int Readers = 4;
    private const int PieceBytes = 256 * 1024;
    private const string PacksPrefix = "packs/";

    private readonly ConcurrentDictionary<ObjectName, IndexProblem> _problems = new();

    /// <summary>Packs that were skipped, and why.</summary>
    public IReadOnlyCollection<IndexProblem> Problems => [.. _problems.Values.OrderBy(static problem => problem.Name)];

    /// <summary>The wanted packs whose tables verify, in no particular order; a few are held at a time.</summary>
    /// <param name="isWanted">Called from several threads, before anything of the pack is read.</param>
    /// <exception cref="TargetException">The target failed.</exception>
    public async IAsyncEnumerable<RebuiltPack> ReadAsync(
        Func<PackId, bool> isWanted, RebuildDepth depth, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var packs = Channel.CreateBounded<RebuiltPack>(Readers);
        var reading = ReadAllAsync(packs.Writer, isWanted, depth, abandoned.Token);
        try
        {
            await foreach (var pack in packs.Reader.ReadAllAsync(cancellationToken))
            {
                yield return pack;
            }

            await reading;
        }
        finally
        {
            // Whoever stops listening stops the reading; what failed was thrown above.
            await abandoned.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What one pack says of itself under its writer's signature; the record's hash stays unknown.</summary>
    /// <exception cref="IntegrityException">What is wrong with it.</exception>
    /// <exception cref="TargetException">The target failed.</exception>
    internal Task<RebuiltPack> ReadTableAsync(PackId pack, long lengthBytes, CancellationToken cancellationToken) =>
        ReadPackAsync(new ObjectStat(PackRecord.NameOf(pack), lengthBytes, default), pack, RebuildDepth.Tables, cancellationToken);

    private async Task ReadAllAsync(
        ChannelWriter<RebuiltPack> packs, Func<PackId, bool> isWanted, RebuildDepth depth, CancellationToken cancellationToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                target.ListAsync(PacksPrefix, cancellationToken),
                new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
                async (stat, token) =>
                {
                    if (TryParse(stat.Name, out var id) && isWanted(id) && await TryReadAsync(stat, id, depth, token) is { } pack)
                    {
                        await packs.WriteAsync(pack, token);
                    }
                });
        }
        finally
        {
            packs.Complete();
        }
    }

    private async Task<RebuiltPack?> TryReadAsync(ObjectStat stat, PackId id, RebuildDepth depth, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadPackAsync(stat, id, depth, cancellationToken);
        }
        catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
        {
            _problems[stat.Name] = new IndexProblem(stat.Name, fault);
            return null;
        }
    }

    private Task<RebuiltPack> ReadPackAsync(ObjectStat stat, PackId id, RebuildDepth depth, CancellationToken cancellationToken) =>
        SecondRead.RunAsync(target, stat.Name, source => ReadPackAsync(source, stat, id, depth, cancellationToken));

    private async Task<RebuiltPack> ReadPackAsync(Target source, ObjectStat stat, PackId id, RebuildDepth depth, CancellationToken cancellationToken)
    {
        if (stat.LengthBytes is < ObjectHeader.SizeBytes + PackTableReader.TailBytes or > PackSize.MaxBytes)
        {
            throw new IntegrityException(FaultCodes.PackMalformed, $"Pack {id} has {stat.LengthBytes} bytes, which no pack has.");
        }

        var start = new byte[ObjectHeader.SizeBytes];
        await source.ReadAsync(stat.Name, 0, start, cancellationToken);
        var header = PackReader.ReadHeader(access.Vault, id, start);
        var key = access.RequireKey(header);
        var tail = new byte[PackTableReader.TailBytes];
        await source.ReadAsync(stat.Name, stat.LengthBytes - tail.Length, tail, cancellationToken);
        using var reader = PackTableReader.Open(header, key, tail, stat.LengthBytes);
        using var frames = OwnedBuffer.Rent(reader.Locator.TableFramesBytes);
        await source.ReadAsync(stat.Name, reader.Locator.FramesEnd, frames.Memory, cancellationToken);
        var table = reader.ReadTable(frames.Span, access.Members);
        var hash = depth == RebuildDepth.WholePacks ? await HashAsync(source, stat, table, reader.Locator.FramesEnd, cancellationToken) : default;
        return new RebuiltPack(new PackRecord(id, hash, table.Writer.Id, (int)stat.LengthBytes, table.Entries.Count), table.Writer, table.Entries);
    }

    private static async Task<ContentHash> HashAsync(Target source, ObjectStat stat, PackTable table, int framesEnd, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            for (var at = 0; at < stat.LengthBytes;)
            {
                // A piece ends where the frames do, so that the signed hash of the frames can be looked at there.
                var limit = at < framesEnd ? framesEnd : (int)stat.LengthBytes;
                var length = Math.Min(PieceBytes, limit - at);
                await source.ReadAsync(stat.Name, at, piece.AsMemory(0, length), cancellationToken);
                hash.AppendData(piece, 0, length);
                at += length;
                if (at == framesEnd && Id256.Read(hash.GetCurrentHash()) != table.FramesHash)
                {
                    throw new IntegrityException(FaultCodes.PackHashMismatch, $"The frames of pack {table.Id} are not those that its writer signed.");
                }
            }

            return new ContentHash(Id256.Read(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static bool TryParse(ObjectName name, out PackId id)
    {
        var isPack = Id256.TryParse(name.Value.AsSpan(name.Value.LastIndexOf('/') + 1), out var value);
        id = new PackId(value);
        return isPack && PackRecord.NameOf(id) == name;
    }
}
