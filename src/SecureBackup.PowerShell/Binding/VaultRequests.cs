namespace SecureBackup.PowerShell.Binding;

/// <summary>What objects of the pipeline ask for, by vault and each once, in the order in which they came: snapshots by id, or customers by name.</summary>
internal sealed class VaultRequests(StringComparer comparer)
{
    private readonly List<(string Vault, List<string> Items)> _byVault = [];

    public IEnumerable<(string Vault, IReadOnlyList<string> Items)> ByVault => _byVault.Select(group => (group.Vault, (IReadOnlyList<string>)group.Items));

    public static VaultRequests OfSnapshots() => new(StringComparer.OrdinalIgnoreCase);

    public static VaultRequests OfSubjects() => new(StringComparer.Ordinal);

    public void Add(string vault, IEnumerable<string> items)
    {
        var index = _byVault.FindIndex(group => VaultPlace.IsSame(group.Vault, vault));
        if (index < 0)
        {
            index = _byVault.Count;
            _byVault.Add((vault, []));
        }

        _byVault[index].Items.AddRange(items.Except(_byVault[index].Items, comparer));
    }
}
