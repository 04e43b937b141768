using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Removal;

/// <summary>A vault with a series of daily snapshots, and people who remove.</summary>
internal sealed class RemovalScene : IDisposable
{
    private RemovalScene(VaultBench bench, UnlockedVault owner)
    {
        Bench = bench;
        Owner = owner;
    }

    internal VaultBench Bench { get; }

    internal UnlockedVault Owner { get; }

    internal List<Snapshot> Days { get; } = [];

    internal static async Task<RemovalScene> CreateAsync(int days, params int[] verified)
    {
        var bench = new VaultBench();
        var scene = new RemovalScene(bench, await bench.CreateAsync());
        for (var day = 0; day < days; day++)
        {
            await scene.NextDayAsync(isVerified: verified.Contains(day));
        }

        return scene;
    }

    internal async Task NextDayAsync(bool isVerified = false)
    {
        Bench.Time.Advance(TimeSpan.FromHours(23));
        Days.Add(await Bench.BackUpAsync(Owner));
        if (isVerified)
        {
            await VerifyAsync(Days[^1]);
        }
    }

    internal Task VerifyAsync(Snapshot snapshot) => VerificationRecord.WriteAsync(
        Owner, snapshot.Reference, new VerificationFinding(Owner.Now, 3, 3, 1, default, default, true, 0, VerificationDepth.EveryByte), CancellationToken.None);

    /// <summary>The same vault through another door, as another host that has seen nothing.</summary>
    internal async Task<UnlockedVault> OpenAsync(Target target, string host)
    {
        using var credential = CredentialFile.Read(Bench.KeyPath, Bench.Sink);
        return await (await LockedVault.OpenAsync(target, CancellationToken.None)).UnlockAsync(credential, Bench.Host(host), CancellationToken.None);
    }

    internal async Task<UnlockedVault> OpenAsMaintainerAsync()
    {
        var path = Bench["maintainer.key"];
        using (var credential = new MemberKeyCredential(new VaultPin(Owner.Id, Owner.Register.Genesis, Owner.Register.Head), SigningKey.Create(), IdentityKey.Create()))
        {
            await CredentialFile.WriteAsync(path, credential, CancellationToken.None);
            var sealing = credential.Sealing.Recipient;
            var member = new MemberAdded("keeper", credential.Signing.Public, sealing, MemberRoles.Maintainer, null);
            await Owner.AppendAsync([member, Owner.KeysOf(1).GrantTo(member.Id, sealing, member.Roles, Owner.Id)], CancellationToken.None);
        }

        return await Bench.OpenByFileAsync(path, "keeper");
    }

    internal static RemovalRequest Keeping(UnlockedVault vault, RetentionPolicy policy) => new(vault, "the rules say so") { Policy = policy };

    internal static RemovalRequest Named(UnlockedVault vault, params Snapshot[] snapshots) => new(vault, "by name")
    {
        Named = catalog => snapshots.Select(snapshot => catalog.Resolve(snapshot.Id.ToString())),
    };

    /// <summary>As the cmdlet does, with somebody who agrees to everything.</summary>
    internal static async Task<RemovalResult> RemoveAsync(RemovalRequest request)
    {
        var plan = await RemovalPlan.MakeAsync(request, CancellationToken.None);
        return await SnapshotRemoval.RunAsync(request, [.. plan.Expired.Select(static snapshot => snapshot.Id)], CancellationToken.None);
    }

    /// <summary>The days that an empty machine finds, oldest first; there must be nothing wrong.</summary>
    internal async Task<List<int>> DaysLeftAsync(Target? target = null)
    {
        using var fresh = await OpenAsync(target ?? Bench.Target, $"fresh-{Id256.Random()}");
        var catalog = await SnapshotCatalog.LoadAsync(fresh, CancellationToken.None);
        Assert.Empty(catalog.Problems);
        return [.. catalog.Snapshots.Select(snapshot => Days.FindIndex(day => day.Id == snapshot.Id)).Reverse()];
    }

    internal int CountOf(string folder, MemoryTarget? target = null) =>
        (target ?? Bench.Target).Objects.Keys.Count(name => name.Value.StartsWith(folder, StringComparison.Ordinal));

    public void Dispose()
    {
        Owner.Dispose();
        Bench.Dispose();
    }
}
