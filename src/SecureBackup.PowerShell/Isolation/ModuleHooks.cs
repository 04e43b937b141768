using System.Management.Automation;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Isolation;

/// <summary>What PowerShell calls when the module comes and goes. No type of the engine may be named here.</summary>
public sealed class ModuleHooks : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    public void OnImport() => EngineLoadContext.Hook();

    /// <summary>Closes the vaults that this runspace holds open and wipes their keys.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => RunspaceVaults.CloseCurrent();
}
