using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Security.Principal;
using System.Text;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Key files: PEM (RFC 7468) around one CBOR map, readable by their owner alone.</summary>
public static class CredentialFile
{
    private const string OwnerLabel = "SECUREBACKUP OWNER KEY";
    private const string WriterLabel = "SECUREBACKUP WRITER KEY";
    private const string MemberLabel = "SECUREBACKUP MEMBER KEY";
    private const int MaxFileBytes = 65_536;
    private const string Beginning = "-----BEGIN SECUREBACKUP ";

    /// <summary>Reads a key file of either kind; warns (KeyFileExposed) when other users can read it.</summary>
    /// <exception cref="KeyException">KeyFileUnreadable, KeyFileMalformed.</exception>
    public static PinnedCredential Read(string path, IEngineSink sink)
    {
        var bytes = ReadBytes(path);
        try
        {
            var credential = Parse(bytes, path);
            if (IsExposed(path))
            {
                sink.Report(new BackupEvent(EventSeverity.Warning, $"Other users can read the key file '{path}'.", FaultCodes.KeyFileExposed));
            }

            return credential;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Writes durably, with rights for the user alone, and never over an existing file.</summary>
    /// <exception cref="RequestException">KeyFileExists, KeyFileNotWritable.</exception>
    public static async Task WriteAsync(string path, PinnedCredential credential, CancellationToken cancellationToken)
    {
        var bytes = Format(credential);
        try
        {
            var options = new DurableWriteOptions(DurableWriteMode.IfAbsent, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (!await DurableFile.WriteAsync(path, bytes, options, cancellationToken))
            {
                throw new RequestException(FaultCodes.KeyFileExists, $"There is a file '{path}' already.");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.KeyFileNotWritable, $"The key file '{path}' could not be written: {exception.Message}", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Whether a file may be one, by its size alone.</summary>
    public static bool CanBeOne(long sizeBytes) => sizeBytes is > 0 and <= MaxFileBytes;

    /// <summary>Whether these are the bytes of a key file, of whatever vault; what is in it is not looked at.</summary>
    public static bool IsOne(ReadOnlySpan<byte> bytes) => bytes.IndexOf(Encoding.ASCII.GetBytes(Beginning)) >= 0;

    private static byte[] ReadBytes(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (file.Length > MaxFileBytes)
            {
                throw Malformed(path);
            }

            var bytes = GC.AllocateUninitializedArray<byte>((int)file.Length, pinned: true);
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KeyException(FaultCodes.KeyFileUnreadable, $"The key file '{path}' could not be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads the text of a key file that was kept somewhere else.</summary>
    /// <param name="bytes">Still the caller's to wipe.</param>
    /// <param name="path">For errors: where it was kept.</param>
    /// <exception cref="KeyException">KeyFileMalformed.</exception>
    public static PinnedCredential Parse(byte[] bytes, string path)
    {
        var text = GC.AllocateUninitializedArray<char>(bytes.Length, pinned: true);
        var content = Array.Empty<byte>();
        try
        {
            var length = Encoding.Latin1.GetChars(bytes, text);
            var pem = text.AsSpan(0, length);
            if (!PemEncoding.TryFind(pem, out var fields))
            {
                throw Malformed(path);
            }

            content = GC.AllocateUninitializedArray<byte>(fields.DecodedDataLength, pinned: true);
            return Convert.TryFromBase64Chars(pem[fields.Base64Data], content, out _)
                ? Decode(content, pem[fields.Label].ToString())
                : throw Malformed(path);
        }
        catch (IntegrityException exception)
        {
            throw Malformed(path, exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
        }
    }

    private static PinnedCredential Decode(byte[] content, string label)
    {
        Id256? vault = null;
        ContentHash? genesis = null;
        RegisterHead? head = null;
        ReadOnlyMemory<byte>? first = null;
        ReadOnlyMemory<byte>? second = null;
        var reader = CborMapReader.OfMap(content, "key file");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: vault = reader.ReadId(); break;
                case 1: genesis = new ContentHash(reader.ReadId()); break;
                case 2: head = RegisterHead.Read(reader); break;
                case 3: first = reader.ReadExactBytes(SecretKey.SizeBytes); break;
                case 4 when label is WriterLabel or MemberLabel: second = reader.ReadExactBytes(SecretKey.SizeBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var pin = new VaultPin(
            new VaultId(reader.Required(vault, "the vault")), reader.Required(genesis, "the genesis hash"), reader.Required(head, "the register head"));
        var secret = reader.Required(first, "the secret").Span;
        return label switch
        {
            OwnerLabel => new OwnerKeyCredential(pin, new RootKey(secret)),
            WriterLabel or MemberLabel => new MemberKeyCredential(pin, new SigningKey(secret), new IdentityKey(reader.Required(second, "the sealing seed").Span))
            {
                IsWriters = label is WriterLabel,
            },
            _ => throw reader.Malformed("it is of another kind"),
        };
    }

    private static byte[] Format(PinnedCredential credential)
    {
        var writer = new CborMapWriter(capacityBytes: 512).BeginMap(credential is MemberKeyCredential ? 5 : 4)
            .Key(0).Id(credential.Pin.Vault.Value).Key(1).Id(credential.Pin.Genesis.Value).Key(2);
        credential.Pin.Head.Write(writer);
        _ = credential switch
        {
            OwnerKeyCredential owner => writer.Key(3).Bytes(owner.Secret.Bytes),
            MemberKeyCredential member => writer.Key(3).Bytes(member.Signing.Bytes).Key(4).Bytes(member.Sealing.Bytes),
            _ => throw new ArgumentOutOfRangeException(nameof(credential)),
        };
        var content = writer.EndMap().Encode();
        writer.Wipe();
        var label = credential is MemberKeyCredential { IsWriters: var isWriters } ? (isWriters ? WriterLabel : MemberLabel) : OwnerLabel;
        var text = PemEncoding.Write(label, content);
        var bytes = GC.AllocateUninitializedArray<byte>(text.Length + 1, pinned: true);
        Encoding.ASCII.GetBytes(text, bytes);
        bytes[^1] = (byte)'\n';
        CryptographicOperations.ZeroMemory(content);
        CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
        return bytes;
    }

    /// <summary>Whether others than the file's owner can read it.</summary>
    internal static bool IsExposed(string path)
    {
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows())
        {
            return (File.GetUnixFileMode(path) & others) != UnixFileMode.None;
        }

        return IsExposedOnWindows(path);
    }

    [SupportedOSPlatform("windows")]
    private static bool IsExposedOnWindows(string path)
    {
        WellKnownSidType[] crowds = [WellKnownSidType.WorldSid, WellKnownSidType.AuthenticatedUserSid, WellKnownSidType.BuiltinUsersSid];
        foreach (var rule in new FileInfo(path).GetAccessControl(AccessControlSections.Access)
            .GetAccessRules(includeExplicit: true, includeInherited: true, typeof(SecurityIdentifier))
            .OfType<FileSystemAccessRule>())
        {
            if (rule.AccessControlType == AccessControlType.Allow
                && (rule.FileSystemRights & FileSystemRights.ReadData) == FileSystemRights.ReadData
                && Array.Exists(crowds, ((SecurityIdentifier)rule.IdentityReference).IsWellKnown))
            {
                return true;
            }
        }

        return false;
    }

    private static KeyException Malformed(string path, Exception? inner = null) =>
        new(FaultCodes.KeyFileMalformed, $"'{path}' is not a key file of this product, or it is damaged.", inner);
}
