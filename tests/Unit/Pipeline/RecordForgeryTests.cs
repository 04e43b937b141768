using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;
using SecureBackup.Tests.Unit.Vault.Listing;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A member with valid keys stores contents that are meant to put one customer's records into another's package, or to hurt whoever reads them.</summary>
public sealed class RecordForgeryTests : IDisposable
{
    private readonly VaultBench _bench = new();
    private readonly MemoryChunkStore _store = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_content_that_names_another_subject_than_its_domain_is_refused()
    {
        using var vault = await _bench.CreateAsync();
        var anna = SubjectRecord.NewDomain(vault.Keys.PseudonymOf("Anna"));
        Assert.Equal(1, await CountAsync(vault, anna, "Anna", Content("Anna", 7)));
        await RefusedAsync(vault, anna, "Anna", Content("Bert", 7));
        await RefusedAsync(vault, anna, "Bert", Content("Anna", 7));
        await RefusedAsync(vault, anna, "Anna", Content(null, 7));
        await RefusedAsync(vault, anna, owner: null, Content("Anna", 7));
        await RefusedAsync(vault, anna, owner: null, Content(null, 7));
        await RefusedAsync(vault, DomainId.Vault, owner: null, Content("Anna", 7));
        await RefusedAsync(vault, DomainId.Vault, "Anna", Content("Anna", 7));
    }

    [Fact]
    public async Task A_content_that_ends_within_a_record_or_has_none_of_its_size_is_refused()
    {
        using var vault = await _bench.CreateAsync();
        var content = Content(null, 1, 2, 3);
        await RefusedAsync(vault, DomainId.Vault, null, content[..^1]);
        await RefusedAsync(vault, DomainId.Vault, null, []);
        await RefusedAsync(vault, DomainId.Vault, null, [1, 0, 0, 0]);
        await RefusedAsync(vault, DomainId.Vault, null, content, sizeBytes: content.Length + 1);
        await RefusedAsync(vault, DomainId.Vault, null, content, sizeBytes: content.Length - 1);
        Assert.Equal(3, await CountAsync(vault, DomainId.Vault, null, content));
    }

    private static byte[] Content(string? subject, params object[] records)
    {
        using var bytes = new MemoryStream();
        var writer = new RecordWriter();
        foreach (var item in records.Select(record => writer.Write(record)).Prepend(RecordFraming.EncodeHead(subject)))
        {
            var length = new byte[RecordFraming.LengthBytes];
            RecordFraming.WriteLength(length, item.Length);
            bytes.Write(length);
            bytes.Write(item);
        }

        return bytes.ToArray();
    }

    private async Task RefusedAsync(UnlockedVault vault, DomainId domain, string? owner, byte[] content, long? sizeBytes = null)
    {
        var refused = await Assert.ThrowsAsync<IntegrityException>(() => CountAsync(vault, domain, owner, content, sizeBytes));
        Assert.Contains(refused.Code, (FaultCode[])[FaultCodes.RecordMalformed, FaultCodes.ListingMalformed]);
    }

    private async Task<int> CountAsync(UnlockedVault vault, DomainId domain, string? owner, byte[] content, long? sizeBytes = null)
    {
        ChunkId[] ids = content.Length == 0 ? [] : [await _store.StoreAsync(OwnedBuffer.CopyOf(content), ChunkClass.Data, Token)];
        var entry = new ListedEntry
        {
            Path = new EntryPath(["members"u8.ToArray(), "x"u8.ToArray()]),
            Domain = domain,
            Content = new ContentRef(0, ids),
            Metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = sizeBytes ?? content.Length },
        };
        var count = 0;
        await foreach (var item in new RecordContent(vault, entry, _store, owner is null ? null : vault.Keys.PseudonymOf(owner)).ItemsAsync(Token))
        {
            RecordReader.Read(item);
            count++;
        }

        return count;
    }
}
