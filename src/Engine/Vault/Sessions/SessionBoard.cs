using System.Globalization;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>One session as the store shows it. All times are the store's.</summary>
/// <param name="First">When its oldest announcement that is still there was stored.</param>
/// <param name="Last">When its newest object was stored.</param>
/// <param name="EndedAt">When its end was marked by whoever announced it; null while it is not.</param>
/// <param name="Lapse">After its newest object it counts so long: the lapse time of now, or that of the register head that it names, whichever is longer.</param>
/// <param name="Counts">False where nobody but revoked members announced it lately: nothing new is accepted from them, so nothing waits for them.</param>
public sealed record SeenSession(Id256 Id, DateTimeOffset First, DateTimeOffset Last, DateTimeOffset? EndedAt, TimeSpan Lapse, bool Counts);

/// <summary>
/// Who is at work. A session that cannot be read counts until it lapses, and its end counts only with the signature of its own member: so nobody but the
/// writer itself can make a collection stop waiting for it.
/// </summary>
public sealed class SessionBoard
{
    private const string EndSuffix = "end";

    private readonly TimeSpan _listLag;
    private readonly ILookup<Id256, ObjectStat> _objects;

    private SessionBoard(IReadOnlyList<SeenSession> sessions, ILookup<Id256, ObjectStat> objects, TimeSpan listLag)
    {
        Sessions = sessions;
        _objects = objects;
        _listLag = listLag;
    }

    public IReadOnlyList<SeenSession> Sessions { get; }

    /// <param name="now">By the store's clock, and rather too early than too late.</param>
    public static async Task<SessionBoard> LoadAsync(UnlockedVault vault, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(ObjectNames.Sessions, static name => TryParse(name, out _, out _), cancellationToken);

        // After the listing: a member that was added since the vault was opened may be at work.
        await vault.RefreshAsync(cancellationToken);
        var objects = stats.ToLookup(static stat => IdOf(stat.Name));
        var lag = vault.Target.Capabilities.ListLag;
        var longest = vault.Register.Policies.Values.Max(static policy => policy.SessionLapse);
        var sessions = new List<SeenSession>();
        foreach (var group in objects)
        {
            sessions.Add(await ReadAsync(vault, group, longest, now - longest - lag, cancellationToken));
        }

        return new SessionBoard(sessions, objects, lag);
    }

    /// <summary>
    /// When a marker's packs need wait for no session any more, as far as is known now; not later than <paramref name="now"/> where they need not. A writer that announced itself
    /// before the marker, or in the same tick of the store's clock, may not have seen it. Where listings lag, one that did so a little later may not have either, and what is seen of its end is older than it looks.
    /// </summary>
    public DateTimeOffset ClearFrom(DateTimeOffset markedAt, DateTimeOffset now)
    {
        var clear = DateTimeOffset.MinValue;
        foreach (var session in Sessions.Where(session => session.Counts && session.First <= markedAt + _listLag))
        {
            var lapsesAt = LapsesAt(session);
            var endsAt = session.EndedAt is { } ended && ended + _listLag < lapsesAt ? ended + _listLag : lapsesAt;
            clear = endsAt > now && endsAt > clear ? endsAt : clear;
        }

        return clear;
    }

    /// <summary>How many are not known to have ended, and have not lapsed.</summary>
    public int CountAtWork(DateTimeOffset now) => Sessions.Count(session => session is { Counts: true, EndedAt: null } && LapsesAt(session) > now);

    /// <summary>
    /// Objects of sessions that ended a lapse time ago, or would have lapsed twice. The ends go last: a crash in between leaves an end without announcements, and no session
    /// that looks alive.
    /// </summary>
    public (IReadOnlyList<ObjectName> Announcements, IReadOnlyList<ObjectName> Ends) Spent(DateTimeOffset now)
    {
        var spent = Sessions
            .Where(session => session.Last < now - (session.EndedAt is null && !HasEnd(session.Id) ? 2 * session.Lapse : session.Lapse) - _listLag)
            .SelectMany(session => _objects[session.Id].Select(static stat => stat.Name))
            .ToLookup(IsEnd);
        return ([.. spent[false]], [.. spent[true]]);
    }

    private DateTimeOffset LapsesAt(SeenSession session) => session.Last + session.Lapse + _listLag + TimeSpan.FromTicks(1);

    /// <param name="longest">The longest lapse time that the vault ever had: nothing that cannot be read, or names no head of this register, counts longer.</param>
    private static async Task<SeenSession> ReadAsync(
        UnlockedVault vault, IGrouping<Id256, ObjectStat> objects, TimeSpan longest, DateTimeOffset aliveSince, CancellationToken cancellationToken)
    {
        var (first, last) = (objects.Min(static stat => stat.StoreTime), objects.Max(static stat => stat.StoreTime));
        if (last < aliveSince)
        {
            // Lapsed whatever its objects say: they need not be read.
            return new SeenSession(objects.Key, first, last, null, longest, true);
        }

        var lapse = vault.Register.Policy.SessionLapse;
        var working = new HashSet<MemberId>();
        var isUnreadable = false;
        (MemberId Member, DateTimeOffset At)? end = null;
        foreach (var stat in objects.Where(stat => stat.StoreTime >= aliveSince))
        {
            try
            {
                var (signer, record) = await ReadAsync(vault, stat, cancellationToken);
                if (record.IsEnd)
                {
                    end = (signer.Id, stat.StoreTime);
                }
                else if (!signer.IsRevoked)
                {
                    working.Add(signer.Id);
                    var announced = vault.Register.PolicyAt(record.Register)?.SessionLapse ?? longest;
                    lapse = announced > lapse ? announced : lapse;
                }
            }
            catch (BackupException fault) when (fault is not TargetException { Fault: not TargetFault.NotFound })
            {
                isUnreadable |= !IsEnd(stat.Name);
            }
        }

        var isEnded = end is { } by && !isUnreadable && working.All(member => member == by.Member);
        return new SeenSession(objects.Key, first, last, isEnded ? end!.Value.At : null, isUnreadable ? longest : lapse, isUnreadable || working.Count > 0 || isEnded);
    }

    private static Task<(MemberEntry Signer, SessionRecord Record)> ReadAsync(UnlockedVault vault, ObjectStat stat, CancellationToken cancellationToken) =>
        vault.Store.ReadAsync(stat, SignedObject.MaxBytes, stored => Open(vault, stat, stored), cancellationToken);

    private static (MemberEntry Signer, SessionRecord Record) Open(UnlockedVault vault, ObjectStat stat, StoredObject stored)
    {
        var (signed, signer) = SignedObject.Open(stored.Bytes, vault.Register, MemberRoles.Writer);
        signed.Header.Expect(ObjectKind.Session, vault.Id, null);
        var record = SessionRecord.Decode(signed.Body, $"session '{stat.Name}'");
        return TryParse(stat.Name, out var id, out var number) && record.Session == id && record.IsEnd == number is null && (number is null || record.Number == number)
            ? (signer, record)
            : throw new IntegrityException(FaultCodes.ObjectMisplaced, $"'{stat.Name}' holds the announcement of another session.");
    }

    private bool HasEnd(Id256 session) => _objects[session].Any(static stat => IsEnd(stat.Name));

    private static bool IsEnd(ObjectName name) => name.Value.EndsWith(EndSuffix, StringComparison.Ordinal);

    private static Id256 IdOf(ObjectName name) => TryParse(name, out var id, out _) ? id : default;

    /// <param name="number">Null for the end.</param>
    private static bool TryParse(ObjectName name, out Id256 id, out int? number)
    {
        (id, number) = (default, null);
        var rest = name.Value.AsSpan(ObjectNames.Sessions.Length);
        const int IdDigits = 2 * Id256.SizeBytes;
        if (rest.Length <= IdDigits || rest[IdDigits] != '-' || !Id256.TryParse(rest[..IdDigits], out id))
        {
            return false;
        }

        var suffix = rest[(IdDigits + 1)..];
        if (suffix.SequenceEqual(EndSuffix))
        {
            return true;
        }

        var isNumber = suffix.Length == 6 & int.TryParse(suffix, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed);
        number = isNumber ? parsed : null;
        return isNumber;
    }
}
