using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>A maintainer's announcement that packs are on their way out.</summary>
public sealed record CondemnedMarker(RegisterHead Register, IReadOnlyList<PackId> Packs, Timestamp Time)
{
    internal const int MaxPacks = 450_000;

    internal byte[] Encode()
    {
        var writer = new CborMapWriter().BeginMap(3).Key(0);
        Register.Write(writer);
        return writer.Key(1).Array(Packs, static (writer, pack) => writer.Id(pack.Value)).Key(2).Time(Time).EndMap().Encode();
    }

    internal static CondemnedMarker Decode(ReadOnlyMemory<byte> body, string what)
    {
        RegisterHead? register = null;
        PackId[]? packs = null;
        Timestamp? time = null;
        var reader = CborMapReader.OfMap(body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: packs = reader.ReadArray(MaxPacks, static item => new PackId(item.ReadId())); break;
                case 2: time = reader.ReadTime(); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new CondemnedMarker(reader.Required(register, "the register head"), reader.Required(packs, "the packs"), reader.Required(time, "the time"));
    }
}

/// <summary>A marker on the target, by the store's clock.</summary>
public sealed record StandingMarker(ObjectName Name, CondemnedMarker Marker, DateTimeOffset StoredAt)
{
    /// <summary>No more is deleted under a marker in the last eighth of its time: whoever begins when it is void must find every deletion done.</summary>
    private const int SafetyParts = 8;

    /// <summary>From when on its packs may be deleted, if no session is to be waited for.</summary>
    public DateTimeOffset DueAt(VaultPolicy policy) => StoredAt + policy.GraceTime;

    /// <summary>Until when its packs may be deleted.</summary>
    /// <param name="listLag">By when a deletion must be seen by every listing.</param>
    public DateTimeOffset DeadlineAt(VaultPolicy policy, TimeSpan listLag) =>
        VoidAt(policy) - (listLag > policy.GraceTime / SafetyParts ? listLag : policy.GraceTime / SafetyParts);

    /// <summary>From when on it counts for nothing, and may be taken away.</summary>
    public DateTimeOffset VoidAt(VaultPolicy policy) => StoredAt + (2 * policy.GraceTime);
}

/// <summary>The condemned packs of a vault at one moment.</summary>
public static class CondemnedMarkers
{
    /// <summary>
    /// The packs that a writer must not use: those under a marker, and those whose chunks compaction moved. Markers that nobody with the right signed, and those older than twice
    /// the grace time, count for nothing.
    /// </summary>
    /// <param name="now">By the store's clock.</param>
    public static async Task<IReadOnlySet<PackId>> LoadAsync(UnlockedVault vault, DateTimeOffset now, CancellationToken cancellationToken) =>
        (await LoadWithMovesAsync(vault, now, cancellationToken)).Condemned;

    /// <summary>The same, with the relocations that were read for it.</summary>
    internal static async Task<(IReadOnlySet<PackId> Condemned, RelocationMap Moved)> LoadWithMovesAsync(UnlockedVault vault, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var standing = await StandingAsync(vault, cancellationToken);
        var moved = await RelocationMap.LoadAsync(vault, cancellationToken);
        var condemned = standing.Where(marker => marker.VoidAt(vault.Register.Policy) >= now).SelectMany(static marker => marker.Marker.Packs).Concat(moved.LeftPacks).ToHashSet();
        return (condemned, moved);
    }

    /// <summary>All markers that maintainers signed, void ones too.</summary>
    public static async Task<IReadOnlyList<StandingMarker>> StandingAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(ObjectNames.Condemned, static name => ObjectNames.TryParseId(name, ObjectNames.Condemned, out _), cancellationToken);
        var markers = await vault.Store.ReadManyAsync(
            stats,
            SignedObject.MaxBytes,
            stored => new StandingMarker(stored.Name, Read(vault, stored), stored.StoreTime),
            (name, exception) => Report(vault, name, exception),
            cancellationToken);
        return [.. markers.OfType<StandingMarker>()];
    }

    /// <summary>Signs and stores a marker as this maintainer.</summary>
    public static async Task<ObjectId> WriteAsync(UnlockedVault vault, IReadOnlyList<PackId> packs, CancellationToken cancellationToken)
    {
        var header = vault.NewHeader(ObjectKind.CondemnedMarker, isSealed: false);
        var body = new CondemnedMarker(vault.Register.Head, packs, vault.Now).Encode();
        await vault.Store.PutAsync(ObjectNames.CondemnedMarker(header.Object), SignedObject.Build(header, body, vault.SelfKey), cancellationToken);
        return header.Object;
    }

    /// <summary>One that was lifted between the listing and the reading is no news.</summary>
    private static void Report(UnlockedVault vault, ObjectName name, BackupException exception)
    {
        if (exception is not TargetException { Fault: TargetFault.NotFound })
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{name}' counts for nothing: {exception.Message}", exception.Code));
        }
    }

    private static CondemnedMarker Read(UnlockedVault vault, StoredObject stored)
    {
        var (signed, signer) = SignedObject.Open(stored.Bytes, vault.Register, MemberRoles.Maintainer);
        signed.Header.Expect(
            ObjectKind.CondemnedMarker, vault.Id, ObjectNames.TryParseId(stored.Name, ObjectNames.Condemned, out var id) ? new ObjectId(id) : null);
        return signer.IsRevoked
            ? throw new IntegrityException(FaultCodes.SignerNotEntitled, $"The marker {signed.Header.Object} is of {signer.Name}, who was revoked.")
            : CondemnedMarker.Decode(signed.Body, $"marker {signed.Header.Object}");
    }
}
