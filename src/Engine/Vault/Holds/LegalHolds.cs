using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Holds;

/// <summary>A legal hold as people see it.</summary>
/// <param name="ScopeText">A snapshot's id, a data set's name, or a subject's pseudonym: never a person's name, which a register would keep for ever.</param>
public sealed record LegalHold(HoldPlaced Placed, string ScopeText, string Reason, string Owner, string? Matter, Timestamp PlacedAt);

/// <summary>What to hold, and why.</summary>
public sealed record HoldRequest(HoldScope Scope, Id256 On, IReadOnlyList<DataSetId> DataSets, string? ScopeText)
{
    public required string Reason { get; init; }

    /// <summary>Who answers for it.</summary>
    public required string Owner { get; init; }

    /// <summary>The file number of the case.</summary>
    public string? Matter { get; init; }
}

/// <summary>Places and releases holds as an owner. Reasons are sealed with the metadata key: every member reads them, storage does not.</summary>
public static class LegalHolds
{
    private const int MaxTextBytes = 262_144;

    /// <exception cref="RequestException">ReasonMissing.</exception>
    public static async Task<(LegalHold Hold, RegisterAppend Append)> PlaceAsync(UnlockedVault owner, HoldRequest request, CancellationToken cancellationToken)
    {
        ReasonText.Require(request.Reason, "a hold");
        ReasonText.Require(request.Owner, "a hold");
        await owner.RefreshAsync(cancellationToken);
        var id = new HoldId(Id256.Random());
        var placedAt = owner.Now;
        var writer = new CborMapWriter().BeginMap().Key(0).Text(request.Reason).Key(1).Text(request.Owner).Key(2).Time(placedAt);
        if (request.ScopeText is { } scope)
        {
            writer.Key(3).Text(scope);
        }

        if (request.Matter is { } matter)
        {
            writer.Key(4).Text(matter);
        }

        var header = HeaderOf(owner, owner.Register.NewestEpoch, id.Value);
        var placed = new HoldPlaced(id, request.Scope, request.On, request.DataSets, header.Epoch, MetadataSeal.Seal(owner, header, writer.EndMap().Encode()));
        var append = await owner.AppendAsync([placed], cancellationToken);
        return (Open(owner, placed), append);
    }

    /// <exception cref="RequestException">ReasonMissing, NoSuchHold.</exception>
    public static async Task<RegisterAppend> ReleaseAsync(UnlockedVault owner, HoldId hold, string reason, CancellationToken cancellationToken)
    {
        ReasonText.Require(reason, "the release of a hold");
        await owner.RefreshAsync(cancellationToken);
        if (!owner.Register.Holds.ContainsKey(hold))
        {
            throw new RequestException(FaultCodes.NoSuchHold, $"No legal hold {hold} stands.");
        }

        var id = Id256.Random();
        var header = HeaderOf(owner, owner.Register.NewestEpoch, id);
        var text = new CborMapWriter().BeginMap().Key(0).Text(reason).Key(1).Time(owner.Now).EndMap().Encode();
        return await owner.AppendAsync([new HoldReleased(hold, header.Epoch, id, MetadataSeal.Seal(owner, header, text))], cancellationToken);
    }

    /// <summary>The holds that stand, oldest first.</summary>
    public static IReadOnlyList<LegalHold> Read(UnlockedVault vault) =>
        [.. vault.Register.Holds.Values.Select(hold => Open(vault, hold)).OrderBy(static hold => hold.PlacedAt).ThenBy(static hold => hold.Placed.Id.Value)];

    /// <param name="idPrefix">The first digits of a hold's id, or all of them.</param>
    /// <exception cref="RequestException">NoSuchHold.</exception>
    public static HoldId Resolve(UnlockedVault vault, string idPrefix)
    {
        var found = vault.Register.Holds.Keys.Where(id => idPrefix.Length > 0 && id.ToString().StartsWith(idPrefix, StringComparison.OrdinalIgnoreCase)).Take(2).ToList();
        return found.Count == 1
            ? found[0]
            : throw new RequestException(FaultCodes.NoSuchHold, $"{(found.Count == 0 ? "No legal hold has" : "More than one legal hold has")} an id that starts with '{idPrefix}'.");
    }

    private static LegalHold Open(UnlockedVault vault, HoldPlaced placed)
    {
        string? reason = null;
        string? owner = null;
        Timestamp? time = null;
        string? scope = null;
        string? matter = null;
        var plain = MetadataSeal.Open(vault, HeaderOf(vault, placed.Epoch, placed.Id.Value), placed.Text.Span, MaxTextBytes);
        var reader = CborMapReader.OfMap(plain, $"text of legal hold {placed.Id}");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: reason = reader.ReadText(); break;
                case 1: owner = reader.ReadText(); break;
                case 2: time = reader.ReadTime(); break;
                case 3: scope = reader.ReadText(); break;
                case 4: matter = reader.ReadText(); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new LegalHold(
            placed, scope ?? placed.On.ToString(), reader.Required(reason, "the reason"), reader.Required(owner, "the owner"), matter, reader.Required(time, "the time"));
    }

    private static ObjectHeader HeaderOf(UnlockedVault vault, uint epoch, Id256 id) => new(ObjectKind.RegisterEntry, epoch, vault.Id, new ObjectId(id));
}
