using System.Management.Automation;

namespace SecureBackup.PowerShell.Rendering;

/// <summary>PowerShell's streams, as a cmdlet has them and as a job has them. One thread writes.</summary>
internal interface IStreamWriter
{
    void WriteObject(object value);

    void WriteError(ErrorRecord error);

    void WriteWarning(string text);

    void WriteVerbose(string text);

    void WriteInformation(InformationRecord information);

    void WriteProgress(ProgressRecord progress);
}

/// <summary>The streams of a cmdlet, on its pipeline thread.</summary>
internal sealed class CmdletStreams(Cmdlet cmdlet) : IStreamWriter
{
    public void WriteObject(object value) => cmdlet.WriteObject(value);

    public void WriteError(ErrorRecord error) => cmdlet.WriteError(error);

    public void WriteWarning(string text) => cmdlet.WriteWarning(text);

    public void WriteVerbose(string text) => cmdlet.WriteVerbose(text);

    public void WriteInformation(InformationRecord information) => cmdlet.WriteInformation(information);

    public void WriteProgress(ProgressRecord progress) => cmdlet.WriteProgress(progress);
}
