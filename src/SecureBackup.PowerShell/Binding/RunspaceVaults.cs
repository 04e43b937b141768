using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// The vaults that are connected, each runspace by itself: what one script holds open is nothing that another in the same process
/// can use. They close when the runspace does.
/// </summary>
internal sealed class RunspaceVaults
{
    private static readonly ConditionalWeakTable<Runspace, RunspaceVaults> ByRunspace = [];

    private readonly Lock _gate = new();
    private readonly List<ConnectedVault> _vaults = [];

    /// <summary>Those of the runspace that this thread runs in.</summary>
    public static RunspaceVaults Current => ByRunspace.GetValue(Runspace.DefaultRunspace, Create);

    public IReadOnlyList<ConnectedVault> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _vaults];
            }
        }
    }

    public static void CloseCurrent()
    {
        if (Runspace.DefaultRunspace is { } runspace && ByRunspace.TryGetValue(runspace, out var vaults))
        {
            vaults.CloseAll();
        }
    }

    public ConnectedVault? Find(string path) => All.FirstOrDefault(vault => VaultPlace.IsSame(vault.Path, path));

    /// <summary>The only one that is connected.</summary>
    public ConnectedVault RequireSingle() => All switch
    {
        [var only] => only,
        [] => throw new RequestException(FaultCodes.NoVaultGiven, "No vault was named and none is connected."),
        var several => throw new RequestException(
            FaultCodes.SeveralVaultsConnected, $"Connected are {string.Join(", ", several.Select(vault => vault.Path))}, and none was named."),
    };

    /// <summary>Takes the vault over; one that was connected under the same path is returned for closing.</summary>
    public ConnectedVault? Add(ConnectedVault vault)
    {
        lock (_gate)
        {
            var previous = _vaults.Find(known => VaultPlace.IsSame(known.Path, vault.Path));
            if (previous is not null)
            {
                _vaults.Remove(previous);
            }

            _vaults.Add(vault);
            return previous;
        }
    }

    public void Remove(ConnectedVault vault)
    {
        lock (_gate)
        {
            _vaults.Remove(vault);
        }
    }

    private static RunspaceVaults Create(Runspace runspace)
    {
        var vaults = new RunspaceVaults();
        runspace.StateChanged += (_, change) =>
        {
            if (change.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken)
            {
                vaults.CloseAll();
            }
        };
        return vaults;
    }

    private void CloseAll()
    {
        foreach (var vault in All)
        {
            Remove(vault);
            vault.CloseAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
