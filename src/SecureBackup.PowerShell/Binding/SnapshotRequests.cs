namespace SecureBackup.PowerShell.Binding;

/// <summary>Snapshots asked for through the pipeline, gathered so that each vault is opened once; in the order in which they came.</summary>
internal sealed class SnapshotRequests
{
    private readonly List<(string Vault, List<string> Ids)> _byVault = [];

    public IEnumerable<(string Vault, IReadOnlyList<string> Ids)> ByVault => _byVault.Select(group => (group.Vault, (IReadOnlyList<string>)group.Ids));

    public void Add(string vault, IEnumerable<string> ids)
    {
        var index = _byVault.FindIndex(group => RunspaceVaults.IsSamePath(group.Vault, vault));
        if (index < 0)
        {
            index = _byVault.Count;
            _byVault.Add((vault, []));
        }

        _byVault[index].Ids.AddRange(ids.Except(_byVault[index].Ids, StringComparer.OrdinalIgnoreCase));
    }
}
