using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Findings for people.</summary>
public static class GateText
{
    public static FaultCode CodeOf(GateKind gate) => gate switch
    {
        GateKind.TooSmall => FaultCodes.ContentTooSmall,
        GateKind.TooFew => FaultCodes.ContentTooFew,
        GateKind.Shrunk => FaultCodes.ContentShrunk,
        GateKind.MassChanged => FaultCodes.ContentMassChanged,
        GateKind.EntropyJumped => FaultCodes.ContentEntropyJumped,
        GateKind.RansomNames => FaultCodes.RansomNamesFound,
        GateKind.FilesEmptied => FaultCodes.FilesEmptied,
        _ => FaultCodes.ContentSuspect,
    };

    public static string MessageOf(GateFinding finding) => finding.Gate switch
    {
        GateKind.TooSmall => $"The content has {finding.Measured} bytes; at least {finding.Limit} were asked for.",
        GateKind.TooFew => $"There are {finding.Measured} files or records; at least {finding.Limit} were asked for.",
        GateKind.Shrunk => $"{finding.Measured} % of the files or bytes of the last good snapshot are gone; from {finding.Limit} % on it is suspect.",
        GateKind.MassChanged => $"{finding.Measured} % of the content gave way to other content since the last good snapshot; from {finding.Limit} % on it is suspect.",
        GateKind.EntropyJumped => $"What replaced old content does not compress, as encrypted files do not: {finding.Measured} points more of it than of the content before; from {finding.Limit} on it is suspect.",
        GateKind.RansomNames => $"{finding.Measured} more files than in the last good snapshot are named as ransomware names its victims or its notes.",
        GateKind.FilesEmptied => $"{finding.Measured} % of the files have become empty since the last good snapshot; from {finding.Limit} % on it is suspect.",
        _ => $"A newer version found something: {finding.Measured}, limit {finding.Limit}.",
    };
}
