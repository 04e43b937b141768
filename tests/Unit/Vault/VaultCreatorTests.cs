using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Crash;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class VaultCreatorTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_new_vault_opens_in_every_way_it_was_given()
    {
        using var made = await _bench.CreateAsync(hasPassphrase: true);
        using var byFile = await _bench.OpenByFileAsync(host: "other");
        using var byWords = await _bench.OpenByPassphraseAsync(host: "third");
        Assert.Equal(made.Id, byFile.Id);
        Assert.Equal(made.Self, byWords.Self);
        Assert.True(byWords.IsReader && byFile.Freshness.IsProven && !byWords.Freshness.IsProven);
        Assert.Equal(made.Keys.Metadata.Bytes, byWords.Keys.Metadata.Bytes);
        Assert.Equal(made.RequireReader().IdentityOf(1).Bytes, byFile.RequireReader().IdentityOf(1).Bytes);
        Assert.Equal(_bench.Time.GetUtcNow(), byWords.CreatedAt);
        Assert.Equal(16 * 1024 * 1024, made.Register.Parameters.PackSizeBytes);
        Assert.Equal(TimeSpan.FromDays(30), made.Register.Policy.ErasureHorizon);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_bench.KeyPath));
        }
    }

    [Fact]
    public async Task Refuses_places_that_are_taken()
    {
        using (await _bench.CreateAsync())
        {
            await VaultBench.RefusedAsync(FaultCodes.VaultExists, () => VaultCreator.CreateAsync(_bench.Target, new VaultCreation { KeyFilePath = _bench["new.key"] }, _bench.Host(), CancellationToken.None));
        }

        _bench.Target.Remove(ObjectNames.RegisterEntry(0));
        _bench.Target.Replace(new ObjectName("photos/1"), [1]);
        await VaultBench.RefusedAsync(FaultCodes.TargetNotEmpty, () => VaultCreator.CreateAsync(_bench.Target, new VaultCreation { KeyFilePath = _bench["new.key"] }, _bench.Host(), CancellationToken.None));
        await VaultBench.RefusedAsync(FaultCodes.KeyFileExists, () => _bench.CreateAsync());
    }

    [Fact]
    public async Task What_a_check_of_the_target_left_is_in_nobodys_way()
    {
        _bench.Target.Replace(new ObjectName("probe/00ff/object"), [1]);
        using var vault = await _bench.CreateAsync();
        Assert.Contains(new ObjectName("probe/00ff/object"), _bench.Target.Objects.Keys);
    }

    [Fact]
    public async Task Refuses_options_that_cannot_be_kept()
    {
        await RefusedAsync(FaultCodes.NoUnlocker, new VaultCreation());
        await RefusedAsync(FaultCodes.EmptyPassphrase, new VaultCreation { Passphrase = "".AsMemory() });
        var good = new VaultCreation { KeyFilePath = _bench.KeyPath };
        await RefusedAsync(FaultCodes.InvalidVaultOption, good with { OwnerName = " " });
        await RefusedAsync(FaultCodes.InvalidVaultOption, good with { PackSizeBytes = 1 });
        await RefusedAsync(FaultCodes.InvalidVaultOption, good with { ChunkerName = "none" });
        await RefusedAsync(FaultCodes.WeakKeyDerivation, good with { Stretching = new Argon2Parameters(8, 1) });
        await RefusedAsync(FaultCodes.KeyFileNotWritable, good with { KeyFilePath = _bench["no/such/folder/owner.key"] });
        Assert.Empty(_bench.Target.Objects);
    }

    [Fact]
    public async Task Whatever_fails_there_is_a_vault_that_opens_or_none_and_creation_can_be_repeated()
    {
        for (var n = 1; n <= 6; n++)
        {
            foreach (var flavour in new[] { FaultFlavour.NotPersisted, FaultFlavour.PersistedButReportedFailed })
            {
                using var bench = new VaultBench();
                var target = new FaultTarget(bench.Target, new FaultPlan(n, flavour));
                var options = new VaultCreation { KeyFilePath = bench.KeyPath };
                try
                {
                    using var made = await VaultCreator.CreateAsync(target, options, bench.Host(), CancellationToken.None);
                }
                catch (TargetException exception)
                {
                    Assert.Equal(TargetFault.Unavailable, exception.Fault);
                }

                if (bench.Target.Objects.ContainsKey(ObjectNames.RegisterEntry(0)))
                {
                    using var opened = await bench.OpenByFileAsync();
                    continue;
                }

                await VaultBench.RefusedAsync(FaultCodes.NotAVault, () => bench.OpenByPassphraseAsync());
                using var second = await VaultCreator.CreateAsync(bench.Target, options with { KeyFilePath = bench["second.key"] }, bench.Host(), CancellationToken.None);
                Assert.True(second.IsReader);
            }
        }
    }

    private Task<BackupException> RefusedAsync(FaultCode code, VaultCreation options) =>
        VaultBench.RefusedAsync(code, () => VaultCreator.CreateAsync(_bench.Target, options, _bench.Host(), CancellationToken.None));
}
