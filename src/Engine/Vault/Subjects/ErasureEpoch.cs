using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// The key of one root, sealed to each owner: outside the chain of vault keys, so that a rotation of those neither keeps it alive nor is needed to destroy it.
/// Several of these may name one root; what a forged one holds does not open it.
/// </summary>
internal static class ErasureEpoch
{
    private const int MaxOwners = 1_000;
    private const int MaxEnvelopeBytes = 4_096;

    /// <summary>The whole object, for all owners that are not revoked.</summary>
    internal static (ObjectId Id, byte[] Bytes) Seal(UnlockedVault vault, ObjectId root, RootKey epochKey)
    {
        var header = vault.NewHeader(ObjectKind.Keyring, isSealed: false);
        var owners = vault.Register.Members.Values
            .Where(static member => member.Entry.Roles.HasFlag(MemberRoles.Owner) && !member.Entry.IsRevoked).OrderBy(static member => member.Entry.Id.Value).ToList();
        var writer = new CborMapWriter(capacityBytes: 4_096).BeginMap(3).Key(0);
        vault.Register.Head.Write(writer);
        writer.Key(1).Id(root.Value).Key(2).BeginArray(owners.Count);
        foreach (var owner in owners)
        {
            writer.BeginArray(2).Id(owner.Entry.Id.Value).Bytes(KemEnvelope.Seal(owner.SealingKey, header, SealPurpose.Keyring, epochKey.Bytes)).EndArray();
        }

        return (header.Object, SignedObject.Build(header, writer.EndArray().EndMap().Encode(), vault.SelfKey));
    }

    /// <summary>Opens the map of a root with whatever erasure epoch lets this owner in.</summary>
    /// <exception cref="KeyException">KeyringNotGranted.</exception>
    internal static async Task<KeyringMap> OpenAsync(UnlockedVault vault, KeyringRootObject root, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(
            ObjectNames.KeyringEpochs, static name => ObjectNames.TryParseId(name, ObjectNames.KeyringEpochs, out _), cancellationToken);
        foreach (var stat in stats)
        {
            if (await vault.Store.TryReadAsync(stat.Name, SignedObject.MaxBytes, cancellationToken) is { } stored && TryOpen(vault, root, stored) is { } map)
            {
                return map;
            }
        }

        throw new KeyException(FaultCodes.KeyringNotGranted, $"The keyring of this vault is not sealed to {vault.Register.Find(vault.Self)?.Name}.");
    }

    /// <summary>The root that an erasure epoch is of; null where it is none, or is not there any more.</summary>
    internal static async Task<ObjectId?> TryReadRootAsync(UnlockedVault vault, ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            return await vault.Store.TryReadAsync(name, SignedObject.MaxBytes, cancellationToken) is { } stored ? Decode(SignedObject.Parse(stored.Bytes)).Root : null;
        }
        catch (BackupException exception) when (exception is IntegrityException or VaultException)
        {
            return null;
        }
    }

    private static KeyringMap? TryOpen(UnlockedVault vault, KeyringRootObject root, StoredObject stored)
    {
        try
        {
            var signed = SignedObject.Parse(stored.Bytes);
            signed.Header.Expect(ObjectKind.Keyring, vault.Id);
            var (named, envelopes) = Decode(signed);
            if (named != root.Header.Object || envelopes.FirstOrDefault(pair => pair.Owner == vault.Self.Value).Envelope is not { IsEmpty: false } envelope)
            {
                return null;
            }

            using var key = vault.TryOpenOwn(signed.Header, SealPurpose.Keyring, envelope.Span, SecretKey.SizeBytes);
            if (key is null)
            {
                return null;
            }

            using var epochKey = new RootKey(key.Span);
            return KeyringMap.TryOpen(root, epochKey);
        }
        catch (IntegrityException)
        {
            // Another erasure epoch may do; if none does, that is what is reported.
            return null;
        }
    }

    private static (ObjectId Root, (Id256 Owner, ReadOnlyMemory<byte> Envelope)[] Envelopes) Decode(SignedObject signed)
    {
        Id256? root = null;
        (Id256, ReadOnlyMemory<byte>)[]? envelopes = null;
        var reader = CborMapReader.OfMap(signed.Body, $"erasure epoch {signed.Header.Object}");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: _ = RegisterHead.Read(reader); break;
                case 1: root = reader.ReadId(); break;
                case 2: envelopes = ReadEnvelopes(reader); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return (new ObjectId(reader.Required(root, "the root")), reader.Required(envelopes, "the envelopes"));
    }

    private static (Id256 Owner, ReadOnlyMemory<byte> Envelope)[] ReadEnvelopes(CborMapReader reader) => reader.ReadArray(MaxOwners, static item =>
    {
        item.BeginTuple(2);
        var pair = (item.ReadId(), item.ReadBytes(MaxEnvelopeBytes));
        item.EndArray();
        return pair;
    });
}
