using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Writes manifests: the moment at which a snapshot exists.</summary>
/// <param name="catalog">Loaded by this run; says what the new manifest follows.</param>
public sealed class ManifestWriter(UnlockedVault vault, SnapshotCatalog catalog)
{
    /// <summary>
    /// Everything that the manifest names must be durable by now. A crash before the put leaves objects that nothing names; after it
    /// the snapshot exists.
    /// </summary>
    /// <param name="summary">Its data-set id must be that of its name.</param>
    /// <param name="session">Of the run.</param>
    /// <exception cref="RequestException">SnapshotTooLarge: nothing was stored.</exception>
    public async Task<Snapshot> CommitAsync(SnapshotSummary summary, OwnerPart ownerPart, Id256 session, CancellationToken cancellationToken)
    {
        var header = vault.NewHeader(ObjectKind.Manifest, isSealed: true);
        var previous = catalog.LastOf(vault.Self);
        var metadata = ManifestCodec.EncodeSummary(summary);
        var body = new ManifestBody(
            vault.Register.Head, vault.Self, previous is null ? 0 : previous.Sequence + 1, previous?.Reference, catalog.HeadsBeside(previous?.Reference), session)
        {
            MetadataPart = MetadataSeal.Seal(vault, header, metadata),
            OwnerPart = ownerPart.Seal(vault.Register.Epochs[header.Epoch], header),
        };
        var encoded = ManifestCodec.EncodeBody(body);
        RequireReadable(encoded, metadata);
        var bytes = SignedObject.Build(header, encoded, vault.SelfKey);
        var id = new SnapshotId(header.Object.Value);
        var receipt = await vault.Store.PutAsync(ObjectNames.Manifest(id), bytes, cancellationToken);
        var snapshot = new Snapshot
        {
            Id = id, Hash = ContentHash.Of(bytes), Body = body, Summary = summary, Epoch = header.Epoch, StoreTime = receipt.StoreTime,
        };
        await RememberAsync(snapshot, cancellationToken);
        return snapshot;
    }

    /// <summary>Judged as every reader will judge it, before anybody sees it: what no reader takes must not be reported as a backup.</summary>
    private static void RequireReadable(byte[] body, byte[] metadata)
    {
        try
        {
            if (body.Length > SignedObject.MaxBodyBytes || metadata.Length > ManifestCodec.MaxMetadataBytes)
            {
                throw new IntegrityException(FaultCodes.Malformed, $"The manifest would have {body.Length} bytes, {metadata.Length} of them about the snapshot.");
            }

            ManifestCodec.DecodeBody(body, "new manifest");
            ManifestCodec.DecodeSummary(metadata, "metadata part of the new manifest");
        }
        catch (IntegrityException refusal)
        {
            throw new RequestException(FaultCodes.SnapshotTooLarge, $"No snapshot was made: no reader would take it. {refusal.Message}", refusal);
        }
    }

    /// <summary>From now on this host notices when the snapshot is taken away. A crash before costs this notice until the next look.</summary>
    private async Task RememberAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        var known = await vault.Host.ReadPinsAsync(vault.Id, vault.Sink, cancellationToken);
        var ends = (known?.Manifests ?? []).Except(snapshot.Body.Predecessors).Append(snapshot.Reference);
        await vault.Host.WritePinsAsync(vault.Id, new HostPins(vault.Register.Genesis, vault.Register.Head, [.. ends]), vault.Sink, cancellationToken);
    }
}

/// <summary>Opens what only readers see.</summary>
public static class SnapshotReading
{
    /// <exception cref="KeyException">WrongKey, KeyNotGranted.</exception>
    /// <exception cref="IntegrityException">FrameTampered, Malformed.</exception>
    public static OwnerPart OpenOwnerPart(this VaultReader reader, Snapshot snapshot)
    {
        var header = new ObjectHeader(ObjectKind.Manifest, snapshot.Epoch, reader.Vault.Id, new ObjectId(snapshot.Id.Value));
        return OwnerPart.Open(reader.IdentityOf(snapshot.Epoch), header, snapshot.Body.OwnerPart.Span);
    }
}
