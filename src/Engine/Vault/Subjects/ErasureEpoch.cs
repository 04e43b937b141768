using System.Collections.Concurrent;
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
        var owners = OwnersOf(vault.Register);
        var writer = new CborMapWriter(capacityBytes: 4_096).BeginMap(3).Key(0);
        vault.Register.Head.Write(writer);
        writer.Key(1).Id(root.Value).Key(2).BeginArray(owners.Count);
        foreach (var owner in owners)
        {
            writer.BeginArray(2).Id(owner.Entry.Id.Value).Bytes(KemEnvelope.Seal(owner.SealingKey, header, SealPurpose.Keyring, epochKey.Bytes)).EndArray();
        }

        return (header.Object, SignedObject.Build(header, writer.EndArray().EndMap().Encode(), vault.SelfKey));
    }

    /// <summary>
    /// Lets owners in who came after the root was made: the same key once more, sealed to everybody who is an owner now. A crash before it leaves a newcomer without the keyring until the next
    /// erasure, which seals to all.
    /// </summary>
    /// <exception cref="KeyException">KeyringNotGranted.</exception>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    internal static async Task ShareAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        if (vault.Register.KeyringRoot is not { } named)
        {
            return;
        }

        var root = await KeyringRootObject.ReadAsync(vault, named, cancellationToken);
        var (epochKey, map, _) = await FindKeyAsync(vault, root, cancellationToken);
        map.Dispose();
        using (epochKey)
        {
            var (id, bytes) = Seal(vault, root.Header.Object, epochKey);
            await vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringEpochs, id), bytes, cancellationToken);
        }
    }

    /// <summary>Opens the map of a root with whatever erasure epoch lets this owner in.</summary>
    /// <returns>The map, and the name of that epoch.</returns>
    /// <exception cref="KeyException">KeyringNotGranted.</exception>
    internal static async Task<(KeyringMap Map, ObjectName Epoch)> OpenAsync(UnlockedVault vault, KeyringRootObject root, CancellationToken cancellationToken)
    {
        var (epochKey, map, epoch) = await FindKeyAsync(vault, root, cancellationToken);
        epochKey.Dispose();
        return (map, epoch);
    }

    /// <summary>The root that an erasure epoch is of, as a member signed it; null where it is none, or is not there any more.</summary>
    /// <inheritdoc cref="ObjectStore.TryJudgeAsync{T}"/>
    internal static async Task<ObjectId?> TryReadRootAsync(UnlockedVault vault, ObjectName name, CancellationToken cancellationToken) =>
        (await vault.Store.TryJudgeAsync(name, SignedObject.MaxBytes, stored => Verified(vault, Decode(vault, stored)), cancellationToken))?.Root;

    /// <summary>
    /// Whether the erasure epochs of a root let in exactly those who are owners now: one that was added must get in, and one that was revoked must not get into the next root. What others than
    /// owners made says nothing about it: it would have the keyring rewritten for ever, or keep a newcomer out.
    /// </summary>
    internal static async Task<bool> FitsOwnersAsync(UnlockedVault vault, ObjectId root, CancellationToken cancellationToken)
    {
        var letIn = from epoch in await OfRootAsync(vault, root, cancellationToken)
                    where epoch.IsByOwner
                    from envelope in epoch.Envelopes
                    select envelope.Owner;
        return letIn.ToHashSet().SetEquals(OwnersOf(vault.Register).Select(static owner => owner.Entry.Id.Value));
    }

    private static List<VaultMember> OwnersOf(RegisterState register) => [.. register.Members.Values
        .Where(static member => IsOwner(member.Entry)).OrderBy(static member => member.Entry.Id.Value)];

    private static bool IsOwner(MemberEntry member) => member.Roles.HasFlag(MemberRoles.Owner) && !member.IsRevoked;

    /// <summary>
    /// The erasure epochs of a root, whoever made them. What else lies among them keeps nobody from those. Last those that no member's signature vouches for: an envelope vouches for itself, and
    /// one may open although a byte beside it is damaged.
    /// </summary>
    private static async Task<IEnumerable<Epoch>> OfRootAsync(UnlockedVault vault, ObjectId root, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(
            ObjectNames.KeyringEpochs, static name => ObjectNames.TryParseId(name, ObjectNames.KeyringEpochs, out _), cancellationToken);
        var unsure = new ConcurrentDictionary<ObjectName, Epoch>();
        var epochs = await vault.Store.ReadManyAsync(
            stats,
            SignedObject.MaxBytes,
            stored =>
            {
                var epoch = Decode(vault, stored);
                _ = epoch.Root == root && unsure.TryAdd(stored.Name, epoch);
                epoch = Verified(vault, epoch);
                _ = unsure.TryRemove(stored.Name, out _);
                return epoch.Root == root ? epoch : null!;
            },
            static (_, _) => { },
            cancellationToken);
        return epochs.OfType<Epoch>().Concat(unsure.Values);
    }

    /// <summary>The key of a root, and what it opens: both the caller's.</summary>
    /// <exception cref="KeyException">KeyringNotGranted.</exception>
    private static async Task<(RootKey Key, KeyringMap Map, ObjectName Epoch)> FindKeyAsync(UnlockedVault vault, KeyringRootObject root, CancellationToken cancellationToken)
    {
        foreach (var epoch in await OfRootAsync(vault, root.Header.Object, cancellationToken))
        {
            if (TryOpen(vault, root, epoch) is { } found)
            {
                return (found.Key, found.Map, epoch.Name);
            }
        }

        throw new KeyException(FaultCodes.KeyringNotGranted, $"The keyring of this vault is not sealed to {vault.Register.Find(vault.Self)?.Name}.");
    }

    private static (RootKey Key, KeyringMap Map)? TryOpen(UnlockedVault vault, KeyringRootObject root, Epoch epoch)
    {
        RootKey? key = null;
        try
        {
            using var opened = epoch.Envelopes.FirstOrDefault(pair => pair.Owner == vault.Self.Value).Envelope is { IsEmpty: false } envelope
                ? vault.TryOpenOwn(epoch.Signed.Header, SealPurpose.Keyring, envelope.Span, SecretKey.SizeBytes)
                : null;
            key = opened?.LengthBytes == SecretKey.SizeBytes ? new RootKey(opened.Span) : null;
            if (key is not null && KeyringMap.TryOpen(root, key) is { } map)
            {
                return (key, map);
            }
        }
        catch (IntegrityException)
        {
            // Another erasure epoch may do; if none does, that is what is reported.
        }

        key?.Dispose();
        return null;
    }

    /// <exception cref="IntegrityException">SignatureInvalid.</exception>
    private static Epoch Verified(UnlockedVault vault, Epoch epoch) => epoch with { IsByOwner = epoch.Signed.Verify(vault.Register).Any(static member => IsOwner(member)) };

    private static Epoch Decode(UnlockedVault vault, StoredObject stored)
    {
        var signed = SignedObject.Parse(stored.Bytes);
        signed.Header.Expect(ObjectKind.Keyring, vault.Id);
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

        return new Epoch(stored.Name, signed, new ObjectId(reader.Required(root, "the root")), reader.Required(envelopes, "the envelopes"));
    }

    private static (Id256 Owner, ReadOnlyMemory<byte> Envelope)[] ReadEnvelopes(CborMapReader reader) => reader.ReadArray(MaxOwners, static item =>
    {
        item.BeginTuple(2);
        var pair = (item.ReadId(), item.ReadBytes(MaxEnvelopeBytes));
        item.EndArray();
        return pair;
    });

    private sealed record Epoch(ObjectName Name, SignedObject Signed, ObjectId Root, (Id256 Owner, ReadOnlyMemory<byte> Envelope)[] Envelopes)
    {
        internal bool IsByOwner { get; init; }
    }
}
