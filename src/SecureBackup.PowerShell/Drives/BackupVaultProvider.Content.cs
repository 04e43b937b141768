using System.Management.Automation.Provider;
using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.PowerShell.Drives;

/// <content>Get-Content.</content>
public sealed partial class BackupVaultProvider
{
    public object GetContentReaderDynamicParameters(string path) => new DriveContentParameters();

    public IContentReader GetContentReader(string path)
    {
        var options = DynamicParameters as DriveContentParameters ?? new DriveContentParameters();
        Encoding? encoding = null;
        Stream? content = null;
        Guard(path, () => encoding = EncodingOf(options.Encoding));
        RunOnDrive(path, async (drive, place, gate, token) =>
        {
            var item = await drive.FindEntryAsync(place, gate, token)
                ?? throw new RequestException(FaultCodes.NoContentInDrive, $"'{path}' is no file.");
            content = await (await drive.BrowserAsync(gate, token)).OpenReadAsync(item, token)
                ?? throw new RequestException(FaultCodes.NoContentInDrive, $"'{path}' is a {item.Metadata.Kind}.");
        });
        return new BackupContentReader(content!, options.AsByteStream ? null : encoding, options.Raw, read => RunEngine(path, (_, token) => read(token)));
    }

    private static Encoding EncodingOf(string name)
    {
        try
        {
            return name.ToUpperInvariant() switch
            {
                "UTF8" or "UTF8NOBOM" or "UTF8BOM" or "DEFAULT" => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
                "UNICODE" => Encoding.Unicode,
                "BIGENDIANUNICODE" => Encoding.BigEndianUnicode,
                "ASCII" => Encoding.ASCII,
                _ => Encoding.GetEncoding(name),
            };
        }
        catch (ArgumentException exception)
        {
            throw new RequestException(FaultCodes.NoContentInDrive, $"No encoding is named '{name}'.", exception) { Remedy = "Name one, such as utf8, utf-16 or iso-8859-1." };
        }
    }
}
