using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class UnlockingTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task An_empty_place_is_no_vault() =>
        await VaultBench.RefusedAsync(FaultCodes.NotAVault, () => LockedVault.OpenAsync(_bench.Target, CancellationToken.None));

    [Fact]
    public async Task Refuses_what_does_not_fit()
    {
        using (await _bench.CreateAsync())
        {
            await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => _bench.OpenByPassphraseAsync());
        }

        using var other = new VaultBench();
        using (await other.CreateAsync(hasPassphrase: true))
        {
            await VaultBench.RefusedAsync(FaultCodes.WrongPassphrase, () => other.OpenByPassphraseAsync("four words are worse"));
            await VaultBench.RefusedAsync(FaultCodes.KeyOfAnotherVault, () => other.OpenByFileAsync(_bench.KeyPath));
        }
    }

    /// <summary>Where no register names the unlockers, anybody who writes to the target may have made them.</summary>
    [Fact]
    public async Task An_earlier_vault_refuses_a_weakened_or_exhausting_passphrase_and_still_opens_by_a_sound_one()
    {
        using var earlier = new EarlierVault();
        using var vault = await earlier.OpenByFileAsync();
        var sound = earlier.Unlockers.Select(name => (Name: name, Bytes: earlier.Target.Objects[name])).ToList();
        foreach (var (memory, passes, code) in new[] { (8, 1, FaultCodes.WeakKeyDerivation), (int.MaxValue, 3, FaultCodes.KeyDerivationTooCostly) })
        {
            var header = new ObjectHeader(ObjectKind.Unlocker, 0, vault.Id, ObjectId.Random());
            var planted = new Unlocker(header, UnlockerKind.Passphrase, vault.Self, "planted", vault.Now) { Stretching = new Argon2Parameters(memory, passes), Salt = Unlocker.NewSalt() };
            using var key = RootKey.Create();
            var name = ObjectNames.Unlocker(header.Object);
            earlier.Target.Replace(name, planted.Seal(key, key));
            using (var opened = await earlier.OpenByPassphraseAsync())
            {
                Assert.Contains(FaultCodes.UnlockerUnusable, earlier.Sink.Codes);
            }

            await VaultBench.RefusedAsync(FaultCodes.WrongPassphrase, () => earlier.OpenByPassphraseAsync("no"));
            sound.ForEach(item => earlier.Target.Remove(item.Name));
            await VaultBench.RefusedAsync(code, () => earlier.OpenByPassphraseAsync());
            sound.ForEach(item => earlier.Target.Replace(item.Name, item.Bytes.Span));
            earlier.Target.Remove(name);
        }
    }

    [Fact]
    public async Task A_writer_key_writes_and_reads_nothing()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop", "crm");
        Assert.False(writer.IsReader);
        Assert.Equal(owner.Keys.ChunkId.Bytes, writer.Keys.ChunkId.Bytes);
        Assert.Equal(owner.Keys.DataSetIdOf("crm"), Assert.Single(owner.Register.Members[writer.Self].DataSets!));
        Assert.Same(FaultCodes.NotAReader, Assert.Throws<KeyException>(writer.RequireReader).Code);
        await VaultBench.RefusedAsync(FaultCodes.NotAnOwner, () => WriterKeys.ExportAsync(writer, "more", _bench["more.key"], null, CancellationToken.None));
        await VaultBench.RefusedAsync(FaultCodes.KeyFileExists, () => WriterKeys.ExportAsync(owner, "shop", _bench["shop.key"], null, CancellationToken.None));
        await VaultBench.RefusedAsync(FaultCodes.InvalidVaultOption, () => WriterKeys.ExportAsync(owner, "x", _bench["x.key"], [], CancellationToken.None));
        Assert.Same(FaultCodes.KeyNotGranted, Assert.Throws<KeyException>(() => writer.KeysOf(9)).Code);

        await owner.AppendAsync([new Revocation(writer.Self, [])], CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => _bench.OpenByFileAsync(_bench["shop.key"]));
    }

    [Fact]
    public async Task An_export_that_lost_a_race_leaves_nothing_and_a_key_without_a_member_says_so()
    {
        using var owner = await _bench.CreateAsync();
        var racing = new RacingTarget(_bench.Target, () => owner.AppendAsync([VaultPolicy.Default], CancellationToken.None));
        using var key = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        using var same = await (await LockedVault.OpenAsync(racing, CancellationToken.None)).UnlockAsync(key, _bench.Host("same"), CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.RegisterConflict, () => WriterKeys.ExportAsync(same, "late", _bench["late.key"], null, CancellationToken.None));
        Assert.False(File.Exists(_bench["late.key"]));

        using var stranger = new MemberKeyCredential(new VaultPin(owner.Id, owner.Register.Genesis, owner.Register.Head), SigningKey.Create(), IdentityKey.Create());
        await CredentialFile.WriteAsync(_bench["stranger.key"], stranger, CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.MemberUnknown, () => _bench.OpenByFileAsync(_bench["stranger.key"]));
    }

    [Fact]
    public async Task A_vault_put_back_in_time_is_noticed_by_key_file_host_and_bundle()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        var old = _bench.Target.Clone();
        using var writer = await _bench.OpenAsWriterAsync(owner, "first");
        using var later = await _bench.OpenAsWriterAsync(owner, "second");
        _bench.Target = old;
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => _bench.OpenByFileAsync(_bench["second.key"], "empty"));
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => _bench.OpenByFileAsync(_bench["second.key"], "second"));
        using var unproven = await _bench.OpenByPassphraseAsync(host: "empty");
        Assert.False(unproven.Freshness.IsProven);

        // A host that saw the newer state, opening with the passphrase alone, knows better.
        await unproven.Host.WritePinsAsync(owner.Id, new HostPins(owner.Register.Genesis, owner.Register.Head, []), _bench.Sink, CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => _bench.OpenByPassphraseAsync(host: "empty"));

        // Another history of the same length.
        await unproven.AppendAsync([VaultPolicy.Default], CancellationToken.None);
        await unproven.AppendAsync([VaultPolicy.Default], CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.VaultForked, () => _bench.OpenByPassphraseAsync(host: "empty"));
    }

    [Fact]
    public async Task A_bundle_that_is_not_the_registers_is_refused()
    {
        using var owner = await _bench.CreateAsync();

        using var good = await OpenBundleAsync(owner);
        good.RequireMatch(owner.Register);
        using var other = IdentityKey.Create();
        using var stranger = SigningKey.Create();
        Refused(good with { Genesis = new ContentHash(Id256.Random()) });
        Refused(good with { Signing = stranger });
        Refused(good with { Sealing = other });
        Refused(good with { Identities = new Dictionary<uint, IdentityKey> { [1] = other } });
        Refused(good with { Identities = new Dictionary<uint, IdentityKey> { [1] = good.Identities[1], [2] = other } });
        Assert.Same(
            FaultCodes.VaultRolledBack,
            Assert.Throws<VaultException>(() => (good with { Head = new RegisterHead(9, default) }).RequireMatch(owner.Register)).Code);

        void Refused(OwnerBundle bundle) =>
            Assert.Same(FaultCodes.BundleMismatch, Assert.Throws<IntegrityException>(() => bundle.RequireMatch(owner.Register)).Code);
    }

    [Fact]
    public async Task A_spoiled_unlocker_does_not_keep_a_good_one_from_working()
    {
        using var earlier = new EarlierVault();
        using var owner = await earlier.OpenByFileAsync();
        using var credential = (OwnerKeyCredential)CredentialFile.Read(earlier.KeyPath, earlier.Sink);

        // The oldest is tried first.
        var header = new ObjectHeader(ObjectKind.Unlocker, 0, owner.Id, default);
        using var key = RootKey.Create();
        var bytes = new Unlocker(header, UnlockerKind.KeyFile, owner.Self, "key file", default).Seal(credential.Secret, key);
        var sealedKey = Unlocker.Read(bytes, owner.Id, default).SealedKey.ToArray();
        bytes[bytes.AsSpan().IndexOf(sealedKey) + sealedKey.Length - 1] ^= 1;
        var good = earlier.Unlockers.Select(name => (Name: name, Bytes: earlier.Target.Objects[name])).ToList();
        good.ForEach(item => earlier.Target.Remove(item.Name));
        earlier.Target.Replace(ObjectNames.Unlocker(default), bytes);
        good.ForEach(item => earlier.Target.Replace(item.Name, item.Bytes.Span));
        using var opened = await earlier.OpenByFileAsync();
        Assert.Contains(FaultCodes.UnlockerUnusable, earlier.Sink.Codes);
    }

    [Fact]
    public async Task An_unlocker_of_an_earlier_version_cannot_be_carried_over_nor_can_one_that_nobody_vouches_for()
    {
        using var earlier = new EarlierVault();
        using var owner = await earlier.OpenByFileAsync();
        using var key = RootKey.Create();
        Assert.Same(FaultCodes.UnlockerNotRenewable, Assert.Throws<KeyException>(() => owner.Access!.Unlocker.Renew(key)).Code);

        // Shares that fit no unlocker of the vault; and one that was planted, with a wrapping key of its maker's.
        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => earlier.OpenAsync(new SharesCredential(RootKey.Create(), pin: null)));
        var header = new ObjectHeader(ObjectKind.Unlocker, 0, owner.Id, ObjectId.Random());
        var planted = new Unlocker(header, UnlockerKind.Shares, owner.Self, "planted", owner.Now) { Shares = new ShareSet(2, 3, 7) };
        earlier.Target.Replace(ObjectNames.Unlocker(header.Object), planted.Seal(key, key));
        await VaultBench.RefusedAsync(FaultCodes.SharesOpenNothing, () => earlier.OpenAsync(new SharesCredential(RootKey.Create(), pin: null)));
        var read = await new UnlockerCatalog(owner.Store, owner.Register).ReadAsync((_, refused) => throw refused, CancellationToken.None);
        Assert.Equal(earlier.Unlockers.Count, read.Count);
        Assert.All(read, static unlocker => Assert.Null(unlocker.Wrapping));
    }

    [Fact]
    public async Task An_unlocker_that_is_gone_or_exchanged_is_said_by_name_and_the_others_work()
    {
        using (await _bench.CreateAsync(hasPassphrase: true))
        {
        }

        var names = _bench.Target.Objects.Keys.Where(static name => name.Value.StartsWith(ObjectNames.Unlockers, StringComparison.Ordinal)).ToList();
        var byKind = names.ToLookup(name => Unlocker.Read(_bench.Target.Objects[name], ObjectHeader.Read(_bench.Target.Objects[name].Span).Vault, ObjectHeader.Read(_bench.Target.Objects[name].Span).Object).Kind);
        var passphrase = byKind[UnlockerKind.Passphrase].Single();
        var bytes = _bench.Target.Objects[passphrase];
        _bench.Target.Remove(passphrase);
        var gone = await VaultBench.RefusedAsync(FaultCodes.UnlockerMissing, () => _bench.OpenByPassphraseAsync());
        Assert.Contains(passphrase.Value, gone.Message, StringComparison.Ordinal);
        using (await _bench.OpenByFileAsync())
        {
        }

        // As readable as the one that was there, and not it.
        var unlocker = Unlocker.Read(bytes, ObjectHeader.Read(bytes.Span).Vault, ObjectHeader.Read(bytes.Span).Object);
        _bench.Target.Replace(passphrase, UnlockerCodec.Encode(unlocker with { Label = "another" }));
        var exchanged = await VaultBench.RefusedAsync(FaultCodes.UnlockerExchanged, () => _bench.OpenByPassphraseAsync());
        Assert.Contains(passphrase.Value, exchanged.Message, StringComparison.Ordinal);
        Assert.Contains(FaultCodes.UnlockerUnusable, _bench.Sink.Codes);
        using (await _bench.OpenByFileAsync())
        {
        }
    }

    [Fact]
    public async Task What_is_sealed_to_somebody_else_is_the_wrong_keys()
    {
        using var owner = await _bench.CreateAsync();
        using var stranger = IdentityKey.Create();
        var grant = owner.Register.Grants[(owner.Self, 1)];
        Assert.Same(FaultCodes.WrongKey, Assert.Throws<KeyException>(() => EpochKeys.Open(grant, stranger, owner.Id)).Code);
        var header = owner.NewHeader(ObjectKind.Manifest, isSealed: true);
        var envelope = VaultBench.SomeOwnerPart().Seal(owner.Register.Epochs[1], header);
        Assert.Same(FaultCodes.WrongKey, Assert.Throws<KeyException>(() => OwnerPart.Open(stranger, header, envelope)).Code);

        // Maintainers and auditors get no keys to chunks.
        using var auditor = EpochKeys.Open(owner.Keys.GrantTo(owner.Self, stranger.Recipient, MemberRoles.Auditor, owner.Id), stranger, owner.Id);
        using var maintainer = EpochKeys.Open(owner.Keys.GrantTo(owner.Self, stranger.Recipient, MemberRoles.Maintainer, owner.Id), stranger, owner.Id);
        Assert.Equal(owner.Keys.Index.Bytes, maintainer.Index.Bytes);
        Assert.Equal(owner.Keys.Names.Bytes, auditor.Names.Bytes);
        Assert.Same(FaultCodes.KeyNotGranted, Assert.Throws<KeyException>(() => auditor.Index).Code);
        Assert.Same(FaultCodes.KeyNotGranted, Assert.Throws<KeyException>(() => maintainer.ChunkId).Code);
    }

    [Fact]
    public async Task Bad_key_files_are_named_and_exposed_ones_warned_of()
    {
        using var owner = await _bench.CreateAsync();
        Assert.Same(FaultCodes.KeyFileUnreadable, Assert.Throws<KeyException>(() => CredentialFile.Read(_bench["none"], _bench.Sink)).Code);
        var text = await File.ReadAllTextAsync(_bench.KeyPath, TestContext.Current.CancellationToken);
        foreach (var bad in new[] { "", "hello", text[..^30], text.Replace("OWNER", "OTHER", StringComparison.Ordinal), text.Replace("OWNER", "WRITER", StringComparison.Ordinal) })
        {
            await File.WriteAllTextAsync(_bench["bad"], bad, TestContext.Current.CancellationToken);
            Assert.Same(FaultCodes.KeyFileMalformed, Assert.Throws<KeyException>(() => CredentialFile.Read(_bench["bad"], _bench.Sink)).Code);
        }

        if (!OperatingSystem.IsWindows())
        {
            using (CredentialFile.Read(_bench.KeyPath, _bench.Sink))
            {
                Assert.DoesNotContain(FaultCodes.KeyFileExposed, _bench.Sink.Codes);
            }

            File.SetUnixFileMode(_bench.KeyPath, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            using var exposed = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
            Assert.Contains(FaultCodes.KeyFileExposed, _bench.Sink.Codes);
        }
    }

    [Fact]
    public async Task What_the_host_remembers_may_be_lost_or_damaged()
    {
        using var owner = await _bench.CreateAsync();
        var pins = Path.Combine(_bench.Host().Host.FolderOf(owner.Id), "pins");
        var bytes = await File.ReadAllBytesAsync(pins, TestContext.Current.CancellationToken);
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(pins, bytes, TestContext.Current.CancellationToken);
        using (await _bench.OpenByFileAsync())
        {
            Assert.Contains(FaultCodes.HostStateUnusable, _bench.Sink.Codes);
        }

        Directory.Delete(_bench.Host().Host.Folder, recursive: true);
        await File.WriteAllTextAsync(_bench.Host().Host.Folder, "a file where the folder should be", TestContext.Current.CancellationToken);
        using var opened = await _bench.OpenByFileAsync();
        Assert.True(opened.IsReader);
    }

    [Fact]
    public void The_cache_lies_where_the_environment_says()
    {
        Assert.Equal("/a", HostState.DefaultFolder(static name => name is "SECUREBACKUP_CACHE" ? "/a" : "/x"));
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal("/x/securebackup", HostState.DefaultFolder(static name => name is "XDG_CACHE_HOME" ? "/x" : null));
        }
    }

    [Fact]
    public async Task No_flipped_bit_of_an_unlocker_or_a_bundle_gives_another_vault()
    {
        using var owner = await _bench.CreateAsync();
        foreach (var folder in new[] { ObjectNames.Unlockers, ObjectNames.Bundles })
        {
            var name = _bench.Single(folder);
            var good = _bench.Target.Objects[name].ToArray();
            for (var i = 0; i < good.Length; i++)
            {
                var bad = (byte[])good.Clone();
                bad[i] ^= (byte)(1 << (i % 8));
                _bench.Target.Replace(name, bad);
                try
                {
                    // Label and time of an unlocker are for people and sealed by nothing; all else must be refused.
                    using var opened = await _bench.OpenByFileAsync();
                    Assert.True(folder is ObjectNames.Unlockers && opened.Self == owner.Self, $"{name}, byte {i}");
                    var unlocker = Unlocker.Read(bad, owner.Id, Unlocker.Read(good, owner.Id, ObjectHeader.Read(good).Object).Header.Object);
                    var original = Unlocker.Read(good, owner.Id, unlocker.Header.Object);
                    Assert.True(!string.Equals(unlocker.Label, original.Label, StringComparison.Ordinal) || unlocker.CreatedAt != original.CreatedAt, $"byte {i}");
                }
                catch (BackupException exception)
                {
                    Assert.NotNull(exception.Code);
                }
            }

            _bench.Target.Replace(name, good);
        }
    }

    private async Task<OwnerBundle> OpenBundleAsync(UnlockedVault owner)
    {
        using var credential = (OwnerKeyCredential)CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        var name = _bench.Single(ObjectNames.Unlockers);
        Assert.True(ObjectNames.TryParseId(name, ObjectNames.Unlockers, out var id));
        using var bundleKey = Unlocker.Read(_bench.Target.Objects[name], owner.Id, new ObjectId(id)).TryOpen(credential.Secret);
        var bundleId = owner.Register.Bundles[owner.Self];
        var stored = await owner.Store.ReadAsync(ObjectNames.Bundle(bundleId), OwnerBundle.MaxBytes, CancellationToken.None);
        return OwnerBundle.TryOpen(stored.Bytes.Span, owner.Id, bundleId, bundleKey!)!;
    }
}
