using System.Management.Automation;
using System.Security;

namespace SecureBackup.PowerShell.Drives;

/// <summary>What New-PSDrive takes besides for a vault that is not connected yet.</summary>
public sealed class DriveKeyParameters
{
    [Parameter]
    public SecureString? Passphrase { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The name of a secret that is the vault's passphrase.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PassphraseSecret { get; set; }

    /// <summary>The name of a secret that is the text of a key file.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFileSecret { get; set; }

    /// <summary>The registered secret vault that knows these names; the default one when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SecretVault { get; set; }
}

/// <summary>What Get-Content takes besides for a file of a snapshot.</summary>
public sealed class DriveContentParameters
{
    /// <summary>Bytes, and not lines of text.</summary>
    [Parameter]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>All in one object.</summary>
    [Parameter]
    public SwitchParameter Raw { get; set; }

    /// <summary>Name of the text's encoding; a byte order mark goes before it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Encoding { get; set; } = "utf8";
}
