using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// The signatures under manifests and records that this member verified on this host, sealed under a key that only it has: a thousand cost 73 ms of processor time, and every run reads all
/// manifests. Disposable: without it they are verified once more. Each object is read all the same, and its hash is part of what is known.
/// </summary>
internal sealed class ProvenSignatureCache(UnlockedVault vault)
{
    /// <summary>Fewer new ones are not worth a flushed write: they cost 2 ms in each run until then.</summary>
    internal const int WrittenFrom = 32;

    private const int MaxSignatures = 200_000;
    private const int MaxPlainBytes = MaxSignatures * Id256.SizeBytes;

    /// <summary>
    /// One for each member: two of them on one host would have no use of each other's. Where the cryptography comes to refuse signatures that it took before, the label must change: what it took then would
    /// count on.
    /// </summary>
    private readonly SealedHostFile _file = new(vault, $"{vault.Self}.signatures", "sb1/proven"u8.ToArray(), MaxPlainBytes);

    internal string FilePath => _file.FullPath;

    /// <summary>None are known where there is no file, or none that this member wrote whole.</summary>
    internal ProvenSignatures Open() => new(Read());

    /// <summary>Keeps what was asked for, and so forgets what is no longer in the vault. A crash leaves the old file or the new one; two runs at once leave that of one.</summary>
    internal async Task KeepAsync(ProvenSignatures proven, CancellationToken cancellationToken)
    {
        // What is full already, and would be again, is left: others out of too many would save as much.
        var isFull = proven.KnownCount == MaxSignatures && proven.Seen.Count > MaxSignatures;
        if (proven.NewCount < WrittenFrom || isFull)
        {
            return;
        }

        try
        {
            await _file.WriteAsync(Join([.. proven.Seen.Take(MaxSignatures)]), cancellationToken);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            // Nothing is lost but time; where the folder as a whole refuses, the pins warn.
            vault.Sink.Report(new BackupEvent(
                EventSeverity.Verbose, $"This host cannot keep in mind which signatures it verified, so the next run verifies them again: {refusal.Message}", FaultCodes.HostStateUnusable));
        }
    }

    private HashSet<Id256> Read()
    {
        try
        {
            using var plain = _file.TryRead();
            return plain is null || plain.Span.Length % Id256.SizeBytes != 0 ? [] : Split(plain.Span);
        }
        catch (Exception error) when (error is BackupException or IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be read is as good as none, and is written anew.
            return [];
        }
    }

    private static HashSet<Id256> Split(ReadOnlySpan<byte> plain)
    {
        var ids = new HashSet<Id256>(plain.Length / Id256.SizeBytes);
        for (; !plain.IsEmpty; plain = plain[Id256.SizeBytes..])
        {
            ids.Add(Id256.Read(plain[..Id256.SizeBytes]));
        }

        return ids;
    }

    private static byte[] Join(List<Id256> ids)
    {
        var plain = new byte[ids.Count * Id256.SizeBytes];
        for (var i = 0; i < ids.Count; i++)
        {
            ids[i].CopyTo(plain.AsSpan(i * Id256.SizeBytes));
        }

        return plain;
    }
}
