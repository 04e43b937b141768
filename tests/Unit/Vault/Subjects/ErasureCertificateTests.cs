using System.Text;
using System.Text.Json;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

public sealed class ErasureCertificateTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_certificate_states_what_was_done_and_verifies_by_the_owner_s_key_alone()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await _bench.BackUpAsync(owner, "documents");
        await SubjectScene.AddAsync(shop, "members", "Anna");
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        var certificate = (await CertificateIssuer.LoadAsync(owner, Token)).Make(outcome, subject: null);
        using var json = JsonDocument.Parse(certificate.Json);
        var root = json.RootElement;
        Assert.Equal("erased", root.GetProperty("state").GetString());
        Assert.Equal(1, root.GetProperty("destroyed").GetProperty("keys").GetInt32());
        Assert.Equal(outcome.Subject.ToString(), root.GetProperty("subject").GetProperty("pseudonym").GetString());
        Assert.False(root.GetProperty("subject").TryGetProperty("name", out _));
        Assert.Equal(owner.Register.LedgerHead!.Hash.ToString(), root.GetProperty("ledger").GetProperty("hash").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("copies").GetProperty("lockedUntil").ValueKind);
        var beyondUse = root.GetProperty("beyondUseOnly").EnumerateArray().Select(static item => item.GetString()!).ToList();
        Assert.Contains("documents", beyondUse[0], StringComparison.Ordinal);
        Assert.Contains("1 backup hosts", beyondUse[1], StringComparison.Ordinal);
        Assert.Contains("no secret of an owner", root.GetProperty("guarantee").GetString()!, StringComparison.Ordinal);
        Assert.DoesNotContain("Anna", Encoding.UTF8.GetString(certificate.Json.Span), StringComparison.Ordinal);

        Assert.Equal(0, root.GetProperty("destroyed").GetProperty("recordSnapshotsOfDataSets").GetInt32());

        await shop.RefreshAsync(Token);
        var ledger = await ErasureLedger.ReadAsync(shop, after: null, Token);
        Assert.True(ErasureCertificate.Verify(shop.Register, ledger, certificate.Json.Span, certificate.Signature.Span));
        var forged = certificate.Json.ToArray();
        forged[certificate.Json.Span.IndexOf("erased"u8)] = (byte)'E';
        Assert.False(ErasureCertificate.Verify(shop.Register, ledger, forged, certificate.Signature.Span));
        using var other = new VaultBench();
        using var stranger = await other.CreateAsync();
        Assert.False(ErasureCertificate.Verify(stranger.Register, ledger, certificate.Json.Span, certificate.Signature.Span));
    }

    [Fact]
    public async Task A_certificate_is_none_without_its_entry_in_the_ledger_and_neither_is_what_only_looks_like_one()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        var issuer = await CertificateIssuer.LoadAsync(owner, Token);
        var ledger = await ErasureLedger.ReadAsync(owner, after: null, Token);
        Assert.True(IsValid(outcome));

        // Signed by the owner, and of something that the ledger does not say.
        Assert.False(IsValid(outcome with { Entry = outcome.Entry! with { Number = 1 } }));
        Assert.False(IsValid(outcome with { Entry = outcome.Entry! with { Hash = SecureBackup.Engine.Primitives.ContentHash.Of([1]) } }));
        Assert.False(IsValid(outcome with { Subject = owner.Keys.PseudonymOf("Bert") }));
        foreach (var text in (string[])["", "{", "[]", "7", "{}", """{"owner":{}}""", """{"owner":{"memberId":7}}""", """{"owner":null,"vault":[]}"""])
        {
            Assert.False(ErasureCertificate.Verify(owner.Register, ledger, Encoding.UTF8.GetBytes(text), new byte[64]));
        }

        bool IsValid(ErasureOutcome stated)
        {
            var certificate = issuer.Make(stated, null);
            return ErasureCertificate.Verify(owner.Register, ledger, certificate.Json.Span, certificate.Signature.Span);
        }
    }

    [Fact]
    public async Task A_certificate_that_is_issued_again_says_the_same_also_of_one_in_a_batch()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await SubjectScene.AddAsync(shop, "members", "Anna");
        await SubjectScene.AddAsync(shop, "orders", "Anna");
        var first = (await SubjectScene.EraseAsync(owner, "Anna", "Bert")).OrderByDescending(static outcome => outcome.KeysDestroyed).ToList();
        Assert.Equal([3, 1], first.Select(static outcome => outcome.KeysDestroyed));
        var again = (await SubjectScene.EraseAsync(owner, "Bert", "Anna")).OrderByDescending(static outcome => outcome.KeysDestroyed).ToList();
        for (var i = 0; i < first.Count; i++)
        {
            Assert.Equal(
                (first[i].Subject, ErasureState.Erased, first[i].KeysDestroyed, first[i].Entry!.Hash), (again[i].Subject, again[i].State, again[i].KeysDestroyed, again[i].Entry!.Hash));
            Assert.Equal(first[i].DataSets, again[i].DataSets);
        }
    }

    [Fact]
    public async Task A_certificate_says_so_when_a_backup_was_at_work()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await SubjectScene.AddAsync(shop, "members", "Anna");
        await using var session = await WriterSession.BeginAsync(shop, Token);
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        Assert.Contains((await CertificateIssuer.LoadAsync(owner, Token)).Make(outcome, null).Erasure.BeyondUse, static text => text.StartsWith("1 backups were not known to have ended", StringComparison.Ordinal));
        Assert.True(await session.EndAsync(Token));
        Assert.DoesNotContain((await CertificateIssuer.LoadAsync(owner, Token)).Make(outcome, null).Erasure.BeyondUse, static text => text.Contains("not known to have ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_files_are_written_once_and_the_page_escapes_what_it_is_given()
    {
        using var owner = await _bench.CreateAsync();
        const string name = "<script>Anna & Co</script>";
        await SubjectScene.AddAsync(owner, "members", name);
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, name));
        var issuer = await CertificateIssuer.LoadAsync(owner, Token);
        var certificate = issuer.Make(outcome, name);
        var path = await issuer.WriteAsync(certificate, _bench["certificates"], Token);
        var again = await issuer.WriteAsync(certificate, _bench["certificates"], Token);
        Assert.NotEqual(path, again);
        Assert.Equal(certificate.Json, await File.ReadAllBytesAsync(path, Token));
        Assert.Equal(Convert.ToHexStringLower(certificate.Signature.Span), (await File.ReadAllTextAsync(path + ".sig", Token)).Trim());
        var page = await File.ReadAllTextAsync(Path.ChangeExtension(path, ".html"), Token);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("<th>Snapshots of records in these data sets, with or without this customer", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;Anna &amp; Co&lt;/script&gt;", page, StringComparison.Ordinal);

        await File.WriteAllTextAsync(_bench["a file"], "no folder", Token);
        await VaultBench.RefusedAsync(FaultCodes.CertificateNotWritable, () => issuer.WriteAsync(certificate, _bench["a file"], Token));
    }
}
