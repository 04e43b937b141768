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

/// <summary>
/// A marker on the target, by the store's clock. Its times are those of the policy under which it was signed: so all agree on them, whatever the policy has become since and whoever has heard of it.
/// </summary>
/// <param name="Grace">Null where the register has no such head as the marker names: nobody deletes under it then, and it is never void.</param>
public sealed record StandingMarker(ObjectName Name, CondemnedMarker Marker, DateTimeOffset StoredAt, TimeSpan? Grace)
{
    /// <summary>No more is deleted under a marker in the last eighth of its time: whoever begins when it is void must find every deletion done.</summary>
    private const int SafetyParts = 8;

    /// <summary>From when on its packs may be deleted, if no session is to be waited for.</summary>
    public DateTimeOffset DueAt => Grace is { } grace ? StoredAt + grace : DateTimeOffset.MaxValue;

    /// <summary>From when on it counts for nothing, and may be taken away.</summary>
    public DateTimeOffset VoidAt => Grace is { } grace ? StoredAt + (2 * grace) : DateTimeOffset.MaxValue;

    /// <summary>Until when its packs may be deleted.</summary>
    /// <param name="listLag">By when a deletion must be seen by every listing. Where it is more than half of the grace time, nothing may be deleted at all.</param>
    public DateTimeOffset DeadlineAt(TimeSpan listLag) => Grace is { } grace && listLag <= grace / 2
        ? VoidAt - (listLag > grace / SafetyParts ? listLag : grace / SafetyParts)
        : DateTimeOffset.MinValue;
}

/// <summary>The condemned packs of a vault at one moment.</summary>
public static class CondemnedMarkers
{
    /// <inheritdoc cref="UnusableOf"/>
    public static async Task<IReadOnlySet<PackId>> LoadAsync(UnlockedVault vault, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var standing = await StandingAsync(vault, cancellationToken);

        // Markers or none: a relocation outlives its marker, and may be of an epoch or by a maintainer whom the register, as it was read last, does not know. It would move nothing then.
        await vault.RefreshAsync(cancellationToken);
        return UnusableOf(standing, await RelocationMap.LoadAsync(vault, cancellationToken), now);
    }

    /// <summary>
    /// The packs that a writer must not use: those under a marker, and those whose chunks compaction moved. Markers that nobody with the right signed, and those older than twice
    /// their grace time, count for nothing.
    /// </summary>
    /// <param name="now">By the store's clock, before any of it was looked for: what becomes void meanwhile may have served.</param>
    internal static IReadOnlySet<PackId> UnusableOf(IEnumerable<StandingMarker> standing, RelocationMap moved, DateTimeOffset now) =>
        standing.Where(marker => marker.VoidAt >= now).SelectMany(static marker => marker.Marker.Packs).Concat(moved.LeftPacks).ToHashSet();

    /// <summary>All markers that maintainers signed, void ones too. Where there are some, the register is read on for them.</summary>
    public static async Task<IReadOnlyList<StandingMarker>> StandingAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(ObjectNames.Condemned, static name => ObjectNames.TryParseId(name, ObjectNames.Condemned, out _), cancellationToken);

        if (stats.Count == 0)
        {
            return [];
        }

        // After the listing: whatever register state the author of a listed marker knew is there by now.
        await vault.RefreshAsync(cancellationToken);
        var markers = await vault.Store.ReadManyAsync(
            stats,
            SignedObject.MaxBytes,
            stored => Read(vault, stored),
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

    private static StandingMarker Read(UnlockedVault vault, StoredObject stored)
    {
        var (signed, signer) = SignedObject.Open(stored.Bytes, vault.Register, MemberRoles.Maintainer);
        signed.Header.Expect(
            ObjectKind.CondemnedMarker, vault.Id, ObjectNames.TryParseId(stored.Name, ObjectNames.Condemned, out var id) ? new ObjectId(id) : null);
        if (signer.IsRevoked)
        {
            throw new IntegrityException(FaultCodes.SignerNotEntitled, $"The marker {signed.Header.Object} is of {signer.Name}, who was revoked.");
        }

        var marker = CondemnedMarker.Decode(signed.Body, $"marker {signed.Header.Object}");
        return new StandingMarker(stored.Name, marker, stored.StoreTime, vault.Register.PolicyAt(marker.Register)?.GraceTime);
    }
}
