using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>One recovery share as a page for people: whose vault, what to do, and the words. Owns its share.</summary>
public sealed class RecoverySheet(VaultPin pin, SecretShare share) : IDisposable
{
    private const int MaxFileBytes = 65_536;
    private const int WordsInRow = 4;
    private const int MaxWordLetters = 8;
    private const string Begin = "-----BEGIN RECOVERY SHARE-----";
    private const string End = "-----END RECOVERY SHARE-----";

    public VaultPin Pin { get; } = pin;

    public SecretShare Share { get; } = share;

    public void Dispose() => Share.Dispose();

    /// <summary>Warns (KeyFileExposed) when other users can read the file.</summary>
    /// <exception cref="RequestException">SheetUnreadable; of its words ShareWordUnknown, ShareChecksumWrong, ShareLengthWrong, ShareMalformed.</exception>
    public static RecoverySheet Read(string path, IEngineSink sink)
    {
        byte[] bytes;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            bytes = GC.AllocateUninitializedArray<byte>(file.Length <= MaxFileBytes ? (int)file.Length : throw NotASheet(path), pinned: true);
            file.ReadExactly(bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.SheetUnreadable, $"The sheet '{path}' could not be read: {exception.Message}", exception);
        }

        var text = GC.AllocateUninitializedArray<char>(bytes.Length, pinned: true);
        try
        {
            _ = Encoding.Latin1.GetChars(bytes, text);
            var sheet = Parse(text, path);
            if (CredentialFile.IsExposed(path))
            {
                sink.Report(new BackupEvent(EventSeverity.Warning, $"Other users can read the recovery sheet '{path}'.", FaultCodes.KeyFileExposed));
            }

            return sheet;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
        }
    }

    /// <summary>The page, as bytes of a text file that the caller wipes.</summary>
    internal byte[] Format(SheetFacts facts)
    {
        var text = new SecretPage(8192);
        text.Append($"""
            SECUREBACKUP RECOVERY SHEET {Share.Member + 1} OF {facts.Count}

            Keep it on paper, where fire, water and strangers do not come. A photo of it is a copy of it.
            Any {Share.MemberThreshold} of the {facts.Count} sheets of this set open every backup in the vault. Fewer tell nothing.

            Set: {facts.Set:D5}, made {facts.MadeAt:yyyy-MM-dd}, called "{facts.Label}"
            Vault: {Pin.Vault}
            Pin: {Pin.Genesis}
            Head: {Pin.Head.Number} {Pin.Head.Hash}

            {Begin}

            """);
        var words = Share.ToWords();
        var number = 0;
        foreach (var range in words.AsSpan().Split(' '))
        {
            text.Append(string.Create(CultureInfo.InvariantCulture, $"{++number,4} "));
            text.Append(words.AsSpan()[range]);
            text.Append(number % WordsInRow == 0 ? "\n" : new string(' ', MaxWordLetters + 2 - words.AsSpan()[range].Length));
        }

        text.Append($"""

            {End}

            WHEN THE VAULT CANNOT BE OPENED ANY OTHER WAY

            1. Bring {Share.MemberThreshold} different sheets of set {facts.Set:D5} together, at a computer that you trust.
            2. Install PowerShell 7.6 or newer and the module SecureBackup.
            3. Type, with the folder of the vault:

                   Restore-BackupVaultKey -Vault <folder>

               and type in the words of each sheet when you are asked. The first four letters of a word are enough.
               Where the sheets are files, name them instead: Restore-BackupVaultKey -Vault <folder> -Path <files>
            4. Choose a new passphrase. Then make new sheets (Export-BackupRecoveryShare) and destroy these.

            The words follow SLIP-0039 (256 bits, extendable, no passphrase), so other tools can read them too.
            The format of the vault is described in docs/format of SecureBackup.

            """);
        CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
        return text.ToBytes();
    }

    private static RecoverySheet Parse(ReadOnlySpan<char> text, string path)
    {
        VaultId? vault = null;
        ContentHash? genesis = null;
        RegisterHead? head = null;
        var words = new SecretPage(1024);
        bool? isInside = null;
        foreach (var range in text.Split('\n'))
        {
            var line = text[range].Trim();
            if (line is Begin or End)
            {
                isInside = line is Begin;
            }
            else if (isInside is true)
            {
                AppendWords(words, line);
            }
            else if (isInside is null)
            {
                vault = ReadId(line, "Vault: ") is { } id ? new VaultId(id) : vault;
                genesis = ReadId(line, "Pin: ") is { } hash ? new ContentHash(hash) : genesis;
                head = ReadHead(line) ?? head;
            }
        }

        try
        {
            return isInside is false && vault is { } known && genesis is { } first && head is { } last
                ? new RecoverySheet(new VaultPin(known, first, last), SecretShare.Parse(words.Characters, $"the sheet '{Path.GetFileName(path)}'"))
                : throw NotASheet(path);
        }
        finally
        {
            words.Wipe();
        }
    }

    private static void AppendWords(SecretPage words, ReadOnlySpan<char> line)
    {
        foreach (var range in line.Split(' '))
        {
            if (!line[range].IsEmpty && !char.IsAsciiDigit(line[range][0]))
            {
                words.Append(line[range]);
                words.Append(" ");
            }
        }
    }

    private static Id256? ReadId(ReadOnlySpan<char> line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal) && Id256.TryParse(line[name.Length..], out var id) ? id : null;

    private static RegisterHead? ReadHead(ReadOnlySpan<char> line)
    {
        const string Name = "Head: ";
        if (!line.StartsWith(Name, StringComparison.Ordinal))
        {
            return null;
        }

        line = line[Name.Length..];
        var space = line.IndexOf(' ');
        return space > 0 && uint.TryParse(line[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && Id256.TryParse(line[(space + 1)..], out var hash)
            ? new RegisterHead(number, new ContentHash(hash))
            : null;
    }

    private static RequestException NotASheet(string path) => new(FaultCodes.SheetUnreadable, $"'{path}' is not a recovery sheet of this product.");
}

/// <summary>What stands on every sheet of a set.</summary>
internal sealed record SheetFacts(int Count, int Set, DateTimeOffset MadeAt, string Label);
