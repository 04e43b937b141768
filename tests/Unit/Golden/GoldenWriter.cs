using System.Runtime.Versioning;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Sources;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>
/// Makes golden vaults, with what they hold described from what was put in and not from what the engine made of it. They go where SECUREBACKUP_WRITE_GOLDEN names a
/// folder, and what is there is left: a golden vault is made once and kept. Without it this is a rehearsal.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class GoldenWriter
{
    private const string Variable = "SECUREBACKUP_WRITE_GOLDEN";
    private const string Long = "long-contents";
    private const string LongNormalized = "long-contents-normalized";
    private const string DataSet = "shop";
    private const string Passphrase = "golden vaults are kept for ever";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Golden_vaults_can_be_made_where_they_are_asked_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Golden vaults are made on Linux.");
        using var rehearsal = new TempFolder();
        var folder = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } asked ? asked : rehearsal.FullPath;
        foreach (var name in new[] { "plain", "two-snapshots-two-writers", "many-pages", Long, LongNormalized, GoldenYears.Name })
        {
            var path = Path.Combine(folder, name);
            if (Directory.Exists(path))
            {
                continue;
            }

            using var years = name is GoldenYears.Name ? new GoldenYears(path, Passphrase) : null;
            await (years?.RunAsync() ?? new Making(path).RunAsync(name));
            Assert.Equal(name switch { "two-snapshots-two-writers" => 2, GoldenYears.Name => 4, _ => 1 }, new GoldenVault(path).Expected.Count);
        }
    }

    private sealed class Making(string path)
    {
        private readonly GoldenTree _tree = new(Directory.CreateTempSubdirectory("sb-golden-").FullName);
        private readonly List<GoldenSnapshot> _expected = [];

        internal async Task RunAsync(string name)
        {
            Directory.CreateDirectory(path);
            await File.WriteAllTextAsync(Path.Combine(path, GoldenVault.PassphraseFile), Passphrase + "\n", Token);
            using (var owner = await CreateAsync(Parameters(name)))
            {
                switch (name)
                {
                    case "plain":
                        _tree.MakePlain();
                        await BackUpAsync(owner);
                        break;
                    case "many-pages":
                        _tree.MakeMany();
                        await BackUpAsync(owner);
                        break;
                    case Long or LongNormalized:
                        _tree.MakeLong();
                        await BackUpAsync(owner);
                        break;
                    default:
                        await TwoWritersAsync(owner);
                        break;
                }
            }

            await File.WriteAllTextAsync(Path.Combine(path, GoldenVault.ExpectedFile), GoldenVault.ToJson(_expected), Token);
            SourceTree.Run("rm", "/", "", "-rf", "--", _tree.Root, path + ".hosts");
        }

        private async Task TwoWritersAsync(UnlockedVault owner)
        {
            _tree.MakeFirst();
            await BackUpAsync(owner);
            const string Name = "shop01";
            var key = Path.Combine(path, Name + ".key");
            await WriterKeys.ExportAsync(owner, Name, key, [DataSet], Token);
            using var credential = CredentialFile.Read(key, NullSink.Instance);
            using var writer = await (await LockedVault.OpenAsync(owner.Target, Token)).UnlockAsync(credential, Host(Name), Token);
            _tree.MakeSecond();
            await BackUpAsync(writer);
        }

        /// <summary>Contents of many chunks and packs stay small by small chunks; those that a vault is made with by default need contents of megabytes.</summary>
        private static (string ChunkerName, int PackSizeBytes) Parameters(string name) => name switch
        {
            Long => (ChunkerCatalog.Default, PackSize.DefaultBytes),
            LongNormalized => (ChunkerCatalog.Normalized, PackSize.DefaultBytes),
            _ => (ChunkerCatalog.Small, 64 * 1024),
        };

        private Task<UnlockedVault> CreateAsync((string ChunkerName, int PackSizeBytes) parameters)
        {
            var target = Directory.CreateDirectory(Path.Combine(path, GoldenVault.VaultFolder)).FullName;
            var creation = new VaultCreation
            {
                Passphrase = Passphrase.AsMemory(),
                KeyFilePath = Path.Combine(path, GoldenVault.OwnerKey),
                ChunkerName = parameters.ChunkerName,
                PackSizeBytes = parameters.PackSizeBytes,
                Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses),
            };
            return VaultCreator.CreateAsync(LocalTarget.Create(target), creation, Host("owner"), Token);
        }

        private UnlockContext Host(string name) => new(HostState.For(Path.Combine(path + ".hosts", name)), NullSink.Instance, TimeProvider.System);

        private async Task BackUpAsync(UnlockedVault vault)
        {
            var source = new FileSystemSourceOptions { Roots = [new FileSystemRoot("crm", _tree.Root)] };
            using var opened = FileSystemSource.Open(source, TimeProvider.System);
            var options = new BackupOptions { DataSet = DataSet, HostName = "golden", Tags = ["golden"], Roots = [new SnapshotRoot("crm"u8.ToArray(), "/srv/crm", "linux")] };
            var backup = await BackupCorridor.RunAsync(vault, opened, options, RunContext.Unwatched, Token);
            Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
            var writer = vault.Register.Find(vault.Self)!.Name;
            _expected.Add(new GoldenSnapshot(backup.Snapshot.Id.ToString(), DataSet, writer, _tree.Describe("crm")));
        }
    }
}
