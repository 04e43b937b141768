using System.Threading.Channels;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>All hand-offs of a backup. What waits in them is bounded: chunks by the memory budget, and those of long contents by the windows that they are parts of, the rest by number.</summary>
internal sealed class BackupChannels
{
    /// <summary>Entries as the walk finds them, in path order, in batches, since each hand-off may wake the other side. A crash here leaves nothing.</summary>
    internal Channel<EntryBatch> Items { get; } = Bounded<EntryBatch>(16);

    /// <summary>Chunks that the vault lacks, claimed by this run. A crash here leaves nothing.</summary>
    internal Channel<PlainChunk> Claimed { get; } = Bounded<PlainChunk>(64);

    /// <summary>Packs ready to be stored, handed over directly: one is uploaded while the next is filled. A crash here leaves nothing.</summary>
    internal Channel<FinishedPack> Packs { get; } = Bounded<FinishedPack>(0);

    /// <summary>Packs that a near target has taken and not yet given back to be compared. A crash here leaves packs that no segment names: the next run adopts them, and reads them then.</summary>
    internal Channel<WrittenPack> Written { get; } = Bounded<WrittenPack>(1);

    /// <summary>Packs that the target has confirmed. A crash here leaves packs that no segment names: the next run adopts them.</summary>
    internal Channel<StoredPack> Stored { get; } = Bounded<StoredPack>(16);

    /// <summary>Wipes and gives back what a run that broke off left in the channels. Called when no stage runs any more.</summary>
    internal void Drain()
    {
        while (Claimed.Reader.TryRead(out var claimed))
        {
            claimed.Dispose();
        }

        while (Packs.Reader.TryRead(out var pack))
        {
            pack.Dispose();
        }
    }

    private static Channel<T> Bounded<T>(int capacity) =>
        Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait });
}

/// <param name="Lease">The chunk's share of the memory budget; given back once it is sealed.</param>
internal sealed record PlainChunk(ChunkId Id, ChunkClass Class, OwnedBuffer Plain, IDisposable Lease) : IDisposable
{
    /// <summary>Whose chunk it is, with a copy of the key; null for the vault's own.</summary>
    internal SubjectDomain? Subject { get; init; }

    /// <summary>Whether it is content that the last good snapshot did not hold.</summary>
    internal bool IsFresh { get; init; }

    /// <summary>XXH3 of the plaintext, taken when its id was: what is sealed must open to it.</summary>
    internal required ulong Checksum { get; init; }

    public void Dispose()
    {
        Subject?.Key.Dispose();
        Plain.Dispose();
        Lease.Dispose();
    }
}

/// <summary>What stays of a pack when its bytes are with the target.</summary>
internal sealed record StoredPack(PackRecord Record, IReadOnlyList<PackEntry> Entries);

/// <param name="Checksum">XXH3 of the pack, taken as it was made.</param>
/// <param name="PastCache">How it was written.</param>
internal sealed record WrittenPack(StoredPack Pack, ulong Checksum, bool PastCache, TimeSpan Elapsed);
