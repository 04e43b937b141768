using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>What fails says why, and never with what secret; and nothing that two objects are sealed with is the same.</summary>
public sealed class SecrecyTests
{
    private const string Secret = "Zebra-Quixote-Passphrase-73";

    [Fact]
    public async Task No_message_event_or_record_shows_a_passphrase_or_a_key()
    {
        using var scene = await AttackScene.CreateAsync(passphrase: Secret);
        scene.Write("a.txt", "hello"u8);
        using var owner = await scene.OwnerByPassphraseAsync(passphrase: Secret);
        using var writer = await scene.WriterAsync("writer", "shop");
        var backup = await scene.BackUpAsync(writer);
        await owner.RefreshAsync(AttackScene.Token);
        var said = new List<string>();
        await HearAsync(said, () => scene.OwnerByPassphraseAsync(scene.Forgetful(), Secret + "x"));
        await HearAsync(said, () => scene.RestoreAsync(writer, backup.Snapshot));
        await HearAsync(said, () => scene.BackUpAsync(writer, "mail"));
        await HearAsync(said, () => WriterKeys.ExportAsync(writer, "more", scene.KeyPathOf("more"), null, AttackScene.Token));
        foreach (var (name, bytes) in scene.Target.Objects)
        {
            var changed = bytes.ToArray();
            changed[^20] ^= 1;
            scene.Target.Replace(name, changed);
            await HearAsync(said, async () =>
            {
                using var opened = await scene.OwnerByPassphraseAsync(scene.Forgetful(), Secret);
                var catalog = await SnapshotCatalog.LoadAsync(opened, AttackScene.Token);
                said.AddRange(catalog.Problems.Select(static problem => problem.ToString()));
                var (result, _) = await scene.RestoreAsync(opened, catalog.Resolve(backup.Snapshot.Id.ToString()));
                said.AddRange(result.Faults.Select(static fault => fault.ToString()));
                said.AddRange((await scene.VerifyAsync(opened, result.Snapshot)).Faults.Select(static fault => fault.ToString()));
            });
            scene.Target.Replace(name, bytes.Span);
        }

        said.AddRange(scene.Sink.Events.Select(static item => item.ToString()));
        using var file = CredentialFile.Read(scene.KeyPath, scene.Sink);
        using var credential = new PassphraseCredential(Secret.AsMemory());
        object[] shown =
        [
            owner, writer, owner.Keys, owner.SelfKey, owner.RequireReader(), owner.Register, owner.Freshness, owner.Context, backup, backup.Snapshot, backup.Snapshot.Body,
            owner.RequireReader().OpenOwnerPart(backup.Snapshot), file, credential, new VaultCreation { Passphrase = Secret.AsMemory() },
        ];
        said.AddRange(shown.Select(static item => item.ToString()!));
        Assert.True(said.Count > 40);
        var all = string.Join('\n', said);
        foreach (var form in FormsOf(owner, file))
        {
            Assert.False(all.Contains(form, StringComparison.OrdinalIgnoreCase), $"A secret stands in: {said.Find(text => text.Contains(form, StringComparison.OrdinalIgnoreCase))}");
        }
    }

    [Fact]
    public async Task No_two_objects_of_a_vault_have_one_id_over_two_hundred_backups()
    {
        using var scene = await AttackScene.CreateAsync(packSizeBytes: 64 * 1024);
        using var owner = await scene.OwnerAsync();
        var seen = new Dictionary<(ObjectKind Kind, Id256 Id), ObjectName>();
        for (var run = 0; run < 200; run++)
        {
            scene.Write("a.txt", BitConverter.GetBytes(run % 5));
            await scene.BackUpAsync(owner);
            foreach (var (name, bytes) in scene.Target.Objects)
            {
                var header = ObjectHeader.Read(bytes.Span);
                Assert.True(seen.TryAdd((header.Kind, header.Object.Value), name) || seen[(header.Kind, header.Object.Value)] == name, $"'{name}' has the id of another object.");
            }

            // Only what is new each time is looked at again: manifests, packs and segments stay for the chain.
            foreach (var session in scene.Names("sessions/").ToList())
            {
                scene.Target.Remove(session);
            }
        }

        Assert.True(seen.Count > 600);

        // Ids are a part of every key's derivation whatever the kind: across kinds they are as different.
        Assert.Equal(seen.Count, seen.Keys.Select(static key => key.Id).Distinct().Count());
    }

    private static async Task HearAsync(List<string> said, Func<Task> failing)
    {
        try
        {
            await failing();
        }
        catch (BackupException refused)
        {
            said.Add($"{refused} {refused.Remedy} {string.Join(' ', refused.Context.Select(static pair => $"{pair.Key}={pair.Value}"))}");
        }
    }

    /// <summary>Each secret as it could be printed: text, hex and Base64 of its bytes, UTF-16 included.</summary>
    private static IEnumerable<string> FormsOf(UnlockedVault owner, VaultCredential file)
    {
        yield return Secret;
        var keys = new List<byte[]>
        {
            Encoding.UTF8.GetBytes(Secret),
            Encoding.Unicode.GetBytes(Secret),
            owner.SelfKey.Bytes.ToArray(),
            owner.Keys.ChunkId.Bytes.ToArray(),
            owner.Keys.Chunker.Bytes.ToArray(),
            owner.Keys.Index.Bytes.ToArray(),
            owner.Keys.Metadata.Bytes.ToArray(),
            owner.Keys.Names.Bytes.ToArray(),
            owner.RequireReader().IdentityOf(1).Bytes.ToArray(),
            ((OwnerKeyCredential)file).Secret.Bytes.ToArray(),
        };
        foreach (var key in keys)
        {
            // A part is enough: dumps cut.
            yield return Convert.ToHexString(key)[..24];
            yield return BitConverter.ToString(key)[..24];
            yield return Convert.ToBase64String(key)[..16];
            yield return string.Join(", ", key.Take(8));
        }
    }
}
