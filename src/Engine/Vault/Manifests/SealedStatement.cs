using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What somebody signed about one snapshot, the substance sealed under the metadata key: the shape of verification and approval records.</summary>
internal sealed record SealedStatement(RegisterHead Register, ManifestReference Manifest, ReadOnlyMemory<byte> Substance)
{
    /// <summary>The whole object, signed by this member.</summary>
    internal static byte[] Build(UnlockedVault vault, in ObjectHeader header, ManifestReference manifest, ReadOnlySpan<byte> substance)
    {
        var writer = new CborMapWriter().BeginMap(4).Key(0);
        vault.Register.Head.Write(writer);
        var body = writer.Key(1).Id(manifest.Id.Value).Key(2).Id(manifest.Hash.Value).Key(3).Bytes(MetadataSeal.Seal(vault, header, substance)).EndMap().Encode();
        return SignedObject.Build(header, body, vault.SelfKey);
    }

    /// <param name="signed">Whose signer was judged.</param>
    /// <exception cref="Faults.KeyException">WrongKey, KeyNotGranted.</exception>
    /// <exception cref="Faults.IntegrityException">FrameTampered, Malformed.</exception>
    internal static SealedStatement Open(UnlockedVault vault, SignedObject signed, int maxBytes, string what)
    {
        RegisterHead? register = null;
        Id256? id = null;
        Id256? hash = null;
        ReadOnlyMemory<byte>? substance = null;
        var reader = CborMapReader.OfMap(signed.Body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: id = reader.ReadId(); break;
                case 2: hash = reader.ReadId(); break;
                case 3: substance = reader.ReadBytes(maxBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new SealedStatement(
            reader.Required(register, "the register head"),
            new ManifestReference(new SnapshotId(reader.Required(id, "the snapshot")), new ContentHash(reader.Required(hash, "the hash"))),
            MetadataSeal.Open(vault, signed.Header, reader.Required(substance, "the substance").Span, maxBytes));
    }
}
