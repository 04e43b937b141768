using System.Globalization;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations;

/// <summary>Gives entries their owners back, the same way on every Unix.</summary>
internal sealed class OwnerRestore(DestinationOptions options)
{
    private const uint Unchanged = uint.MaxValue;

    private readonly UnixAccounts _accounts = new();

    /// <summary>Whether nothing is to be changed.</summary>
    public bool Has(EntryMetadata wanted, (uint User, uint Group) now) => options.RestoreOwner == false || Resolve(wanted, now) == now;

    /// <param name="now">User and group that it has now.</param>
    /// <param name="change">Gives it to a user and a group, either of which may be "unchanged"; whether that was done.</param>
    /// <returns>Whether the entry belongs to whom it should.</returns>
    public bool Apply(EntryMetadata wanted, (uint User, uint Group) now, Func<uint, uint, bool> change, List<string> missing)
    {
        if (wanted.UserId is null && wanted.GroupId is null)
        {
            return true;
        }

        var (user, group) = Resolve(wanted, now);
        if ((user, group) == now)
        {
            return true;
        }

        if (options.RestoreOwner == false)
        {
            return false;
        }

        // The largest number means "leave it" to the system, so nobody can own anything by it.
        if (user != Unchanged && group != Unchanged && change(user, group))
        {
            return true;
        }

        // Without the right to give files away, the group may still be one of one's own.
        if (group == Unchanged || !change(Unchanged, group) || user != now.User)
        {
            missing.Add(string.Create(CultureInfo.InvariantCulture, $"owner {user}:{group}"));
            return false;
        }

        return true;
    }

    private (uint User, uint Group) Resolve(EntryMetadata wanted, (uint User, uint Group) now)
    {
        var byName = options.OwnerMapping == OwnerMapping.ByName;
        return (
            (byName ? _accounts.UserId(wanted.UserName) : null) ?? wanted.UserId ?? now.User,
            (byName ? _accounts.GroupId(wanted.GroupName) : null) ?? wanted.GroupId ?? now.Group);
    }
}
