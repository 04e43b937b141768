using System.Collections.Frozen;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Names that ransomware is known to leave behind: endings of what it encrypted, and its notes. Only such that people hardly give; common ones (.locked, .enc) are left to the entropy gate.
/// </summary>
internal static class RansomName
{
    private const int MaxExtensionBytes = 24;
    private const int MaxNoteBytes = 48;

    private static readonly FrozenSet<string> Extensions = FrozenSet.ToFrozenSet(
        [
            "8base", "aesir", "akira", "avdn", "babyk", "bianlian", "blackbasta", "blackmatter", "blacksuit", "btcware", "c_l_o_p", "cerber", "cerber2", "cerber3", "ciop", "cllp", "clop",
            "conti", "crinf", "cring", "crjoker", "crptrgr", "cryp1", "cryptolocker", "cryptowall", "crypz", "cts1", "darkside", "darkness", "devos", "dharma", "doppeled", "ecch0raix", "eking",
            "encryptedrsa", "gandcrab", "gdcb", "globeimposter", "hermes", "hivelocked", "jigsaw", "keybtc@inbox_com", "kraken_cryptor", "krab", "lockbit", "locky", "lukitus", "mado", "makop",
            "mallox", "medusalocker", "megacortex", "mikoyan", "nefilim", "nemty", "netwalker", "nozelesn", "petya", "phobos", "pysa", "qewe", "ragnarok", "ransomed", "rapid", "rhysida", "robbinhood",
            "royal_w", "ryk", "ryuk", "snake4444", "snatch", "sodinokibi", "spora", "suncrypt", "teslacrypt", "thanos", "tflower", "wannacry", "wasted", "wcry", "wncry", "wncryt", "wnry",
            "xorist", "xtbl", "zeppelin", "zepto",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Notes = FrozenSet.ToFrozenSet(
        [
            "!!!-restore-my-files-!!!.txt", "!readme_for_decrypt.txt", "@please_read_me@.txt", "@wanadecryptor@.exe", "_readme.txt", "akira_readme.txt", "clopreadme.txt", "crypto_note.txt",
            "decrypt-files.html", "decrypt-files.txt", "decrypt_instruction.html", "decrypt_instruction.txt", "decrypt_instructions.html", "decrypt_instructions.txt", "files_encrypted.txt",
            "help_decrypt.html", "help_decrypt.txt", "help_decrypt_your_files.txt", "help_restore_files.txt", "help_your_files.html", "help_your_files.txt", "how to decrypt files.txt",
            "how to recover encrypted files.txt", "how_to_back_files.html", "how_to_decrypt.txt", "how_to_decrypt_files.txt", "how_to_recover_files.txt", "how_to_restore_files.txt",
            "read_me_for_decrypt.txt", "readme_for_decrypt.txt", "recover-files.txt", "recover_files.txt", "restore-my-files.txt", "restore_files.txt", "ryukreadme.html", "ryukreadme.txt",
            "your_files_are_encrypted.html", "your_files_are_encrypted.txt",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> ExtensionLookup = Extensions.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> NoteLookup = Notes.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <param name="name">The last component of a path.</param>
    internal static bool Is(ReadOnlySpan<byte> name)
    {
        var dot = name.LastIndexOf((byte)'.');
        if (dot < 0)
        {
            return false;
        }

        Span<char> text = stackalloc char[MaxNoteBytes];
        var extension = name[(dot + 1)..];
        return (extension.Length is >= 3 and <= MaxExtensionBytes && ExtensionLookup.Contains(Latin(extension, text)))
            || (name.Length <= MaxNoteBytes && NoteLookup.Contains(Latin(name, text)));
    }

    private static ReadOnlySpan<char> Latin(ReadOnlySpan<byte> bytes, Span<char> text)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            text[i] = (char)bytes[i];
        }

        return text[..bytes.Length];
    }
}
