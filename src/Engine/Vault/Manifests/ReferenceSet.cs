using System.Runtime.CompilerServices;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// The ids of all packs that a snapshot needs, ascending, cut into pages where the ids say: snapshots that share most packs share most pages.
/// </summary>
public static class ReferenceSet
{
    public const int MaxIdsInPage = 4096;

    private const int CutMask = 0x3FF;
    private const int MaxPageBytes = ObjectHeader.SizeBytes + ObjectKey.CommitmentBytes + (MaxIdsInPage * Id256.SizeBytes) + (4 * FrameSealer.TagBytes);

    /// <summary>Stores the pages that are not there yet. A crash leaves pages that nothing names; a later snapshot with the same packs uses them.</summary>
    /// <param name="packs">Ascending, each once.</param>
    /// <param name="known">Pages that this session has read whole: they are there.</param>
    /// <exception cref="IntegrityException">A page of that id is there already, but damaged.</exception>
    public static async Task<IReadOnlyList<ObjectId>> WriteAsync(
        UnlockedVault vault, IEnumerable<PackId> packs, CancellationToken cancellationToken, IReadOnlySet<ObjectId>? known = null)
    {
        known ??= new HashSet<ObjectId>();
        var pages = new List<ObjectId>();
        var page = new List<PackId>();
        PackId? last = null;
        foreach (var pack in packs)
        {
            if (last is { } before && before.CompareTo(pack) >= 0)
            {
                throw new ArgumentException("The packs do not ascend.", nameof(packs));
            }

            last = pack;
            page.Add(pack);
            if (EndsPage(pack) || page.Count == MaxIdsInPage)
            {
                pages.AddRange(await WritePageAsync(vault, page, known, cancellationToken));
                page.Clear();
            }
        }

        if (page.Count > 0)
        {
            pages.AddRange(await WritePageAsync(vault, page, known, cancellationToken));
        }

        return pages;
    }

    /// <summary>The packs in order; refuses pages that are not what their ids say, and sets that do not ascend.</summary>
    /// <exception cref="TargetException"><c>NotFound</c>: a page is missing.</exception>
    public static async IAsyncEnumerable<PackId> ReadAsync(
        UnlockedVault vault, IReadOnlyList<ObjectId> pages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        PackId? last = null;
        foreach (var page in pages)
        {
            foreach (var pack in await ReadPageAsync(vault, page, cancellationToken))
            {
                if (last is { } before && before.CompareTo(pack) >= 0)
                {
                    throw new IntegrityException(FaultCodes.Malformed, $"The reference set does not ascend in page {page}.");
                }

                last = pack;
                yield return pack;
            }
        }
    }

    /// <summary>All packs of a snapshot; refuses a set of another size than the manifest says.</summary>
    public static async Task<IReadOnlyList<PackId>> ReadAllAsync(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        var packs = new List<PackId>();
        await foreach (var pack in ReadAsync(vault, snapshot.ReferencePages, cancellationToken))
        {
            packs.Add(pack);
        }

        return packs.Count == snapshot.PackCount
            ? packs
            : throw new IntegrityException(FaultCodes.Malformed, $"Snapshot {snapshot.Id} has {packs.Count} packs; its manifest says {snapshot.PackCount}.");
    }

    internal static bool EndsPage(PackId pack) => ((int)pack.Value.D & CutMask) == 0;

    /// <summary>
    /// The page, or where a damaged or planted object has its name, its two halves, which have other names: what is poisoned does not keep a backup from
    /// being made. Readers do not depend on where pages are cut.
    /// </summary>
    private static async Task<IReadOnlyList<ObjectId>> WritePageAsync(UnlockedVault vault, List<PackId> packs, IReadOnlySet<ObjectId> known, CancellationToken cancellationToken)
    {
        try
        {
            return [await WriteOnePageAsync(vault, packs, known, cancellationToken)];
        }
        catch (BackupException exception) when (exception is IntegrityException or KeyException or VaultException && packs.Count > 1)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"A reference page is damaged and is replaced by two others: {exception.Message}", exception.Code));
            var half = packs.Count / 2;
            var first = await WritePageAsync(vault, packs.GetRange(0, half), known, cancellationToken);
            return [.. first, .. await WritePageAsync(vault, packs.GetRange(half, packs.Count - half), known, cancellationToken)];
        }
    }

    private static async Task<ObjectId> WriteOnePageAsync(UnlockedVault vault, List<PackId> packs, IReadOnlySet<ObjectId> known, CancellationToken cancellationToken)
    {
        var plain = new byte[packs.Count * Id256.SizeBytes];
        for (var i = 0; i < packs.Count; i++)
        {
            packs[i].Value.CopyTo(plain.AsSpan(i * Id256.SizeBytes));
        }

        var keys = vault.Keys;
        var header = new ObjectHeader(ObjectKind.ReferencePage, keys.Epoch, vault.Id, keys.ReferencePageIdOf(plain));
        if (known.Contains(header.Object))
        {
            // A page is deleted only when a pack of it is gone, and these packs are what the snapshot needs.
            return header.Object;
        }

        var bytes = new byte[ObjectHeader.SizeBytes + SealedBlob.SealedBytesOf(plain.Length)];
        header.Write(bytes);
        MetadataSeal.Seal(vault, header, plain).CopyTo(bytes, ObjectHeader.SizeBytes);
        try
        {
            await vault.Store.PutAsync(ObjectNames.ReferencePage(header.Object), bytes, cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists)
        {
            // Shared with an older snapshot, and then equal; what is damaged there must show now, not when the snapshot is needed.
            await ReadPageAsync(vault, header.Object, cancellationToken);
        }

        return header.Object;
    }

    private static Task<PackId[]> ReadPageAsync(UnlockedVault vault, ObjectId id, CancellationToken cancellationToken) =>
        vault.Store.ReadAsync(ObjectNames.ReferencePage(id), MaxPageBytes, stored => stored.Read(item => DecodePage(vault, id, item.Bytes.Span)), cancellationToken);

    private static PackId[] DecodePage(UnlockedVault vault, ObjectId id, ReadOnlySpan<byte> bytes)
    {
        var header = ObjectHeader.Read(bytes);
        header.Expect(ObjectKind.ReferencePage, vault.Id, id);
        var plain = MetadataSeal.Open(vault, header, bytes[ObjectHeader.SizeBytes..], MaxIdsInPage * Id256.SizeBytes);
        if (plain.Length % Id256.SizeBytes != 0 || plain.Length == 0 || vault.KeysOf(header.Epoch).ReferencePageIdOf(plain) != id)
        {
            throw new IntegrityException(FaultCodes.Malformed, $"The reference page {id} holds something else than its id says.");
        }

        var packs = new PackId[plain.Length / Id256.SizeBytes];
        for (var i = 0; i < packs.Length; i++)
        {
            packs[i] = new PackId(Id256.Read(plain.AsSpan(i * Id256.SizeBytes, Id256.SizeBytes)));
        }

        return packs;
    }
}
