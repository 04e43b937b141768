using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets;

/// <summary>Pages follow each other: a listing whose names go back, or that leads to where it was, leaves something out or never ends.</summary>
/// <param name="hasVersions">A name may come more than once.</param>
internal sealed class ListingOrder(string prefix, string place, bool hasVersions = false)
{
    /// <summary>Since the last new name.</summary>
    private readonly HashSet<string> _tokens = new(StringComparer.Ordinal);
    private string? _last;

    /// <param name="key">Of an object of ours: only those are sure to be in an order that all stores have.</param>
    /// <exception cref="TargetException"><c>Unavailable</c>, as from <see cref="Next"/>.</exception>
    public void Require(string key)
    {
        var order = _last is null ? 1 : string.CompareOrdinal(key, _last);
        if (order < 0 || (order == 0 && !hasVersions))
        {
            throw Broken("its names do not ascend");
        }

        if (order > 0)
        {
            _last = key;
            _tokens.Clear();
        }
    }

    /// <param name="token">Of the next page; null where there is none.</param>
    public string? Next(string? token) => token is null || _tokens.Add(token) ? token : throw Broken("a page leads back to where the listing was");

    private TargetException Broken(string problem) => new(TargetFault.Unavailable, $"'{prefix}' cannot be listed in {place}: {problem}.");
}
