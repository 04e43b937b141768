using System.Management.Automation;
using SecureBackup.Engine.Crypto;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Isolation;

/// <summary>What PowerShell calls when the module comes and goes.</summary>
public sealed class ModuleHooks : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    /// <summary>The engine is loaded on another thread while PowerShell reads the rest of the module: a command on a small vault takes 320 ms instead of 330. Nobody waits for it: what fails there fails again in the command that needs it, and is reported.</summary>
    public void OnImport()
    {
        EngineLoadContext.Hook();
        _ = Task.Run(LoadEngine);
    }

    /// <summary>Closes the vaults that this runspace holds open and wipes their keys.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => RunspaceVaults.CloseCurrent();

    /// <summary>A method of its own: one that names a type of the engine is compiled when the hook is there to find it, not before.</summary>
    private static int LoadEngine() => CryptoSelfTest.Run();
}
