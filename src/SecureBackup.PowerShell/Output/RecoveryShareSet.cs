using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>A set of recovery sheets that was written. No word of a share is in here.</summary>
public sealed class RecoveryShareSet
{
    private RecoveryShareSet(SheetSet set, string folder, string vault)
    {
        Path = folder;
        Files = set.Paths;
        Threshold = set.Threshold;
        Count = set.Count;
        Set = set.Set;
        KeyId = set.Change.Added?.Id.ToString() ?? string.Empty;
        IsPending = set.Change.Append.IsPending;
        Vault = vault;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>One text file for each sheet: print it, hand it over, delete the file.</summary>
    public IReadOnlyList<string> Files { get; }

    public int Threshold { get; }

    public int Count { get; }

    /// <summary>The number that stands on every sheet of the set.</summary>
    public int Set { get; }

    /// <summary>The key of the vault that the sheets are.</summary>
    public string KeyId { get; }

    /// <summary>Whether further owners must sign before the sheets open anything.</summary>
    public bool IsPending { get; }

    public string Vault { get; }

    internal static RecoveryShareSet From(SheetSet set, string folder, string vault) => new(set, folder, vault);
}
