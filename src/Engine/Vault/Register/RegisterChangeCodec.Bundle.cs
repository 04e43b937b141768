using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Where an owner's keys lie, and what opens them.</summary>
internal static partial class RegisterChangeCodec
{
    /// <summary>Above 127, so that version 0.1 passes it over and tries whatever unlockers it finds.</summary>
    private const int UnlockersKey = 128;

    private static OwnerBundleNamed ReadBundle(CborMapReader reader)
    {
        MemberId? owner = null;
        ObjectId? bundle = null;
        NamedUnlocker[]? unlockers = null;
        while (reader.NextKey(out var key, UnlockersKey))
        {
            switch (key)
            {
                case 0: owner = new MemberId(reader.ReadId()); break;
                case 1: bundle = new ObjectId(reader.ReadId()); break;
                case UnlockersKey: unlockers = reader.ReadArray(OwnerBundleNamed.MaxUnlockers, ReadUnlocker); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new OwnerBundleNamed(reader.Required(owner, "the owner"), reader.Required(bundle, "the bundle")) { Unlockers = unlockers };
    }

    private static NamedUnlocker ReadUnlocker(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var unlocker = new NamedUnlocker(new ObjectId(reader.ReadId()), new ContentHash(reader.ReadId()));
        reader.EndArray();
        return unlocker;
    }

    private static void WriteBundle(CborMapWriter writer, OwnerBundleNamed bundle)
    {
        writer.Key(0).Id(bundle.Owner.Value).Key(1).Id(bundle.Bundle.Value);
        if (bundle.Unlockers is { } unlockers)
        {
            writer.Key(UnlockersKey).Array(unlockers, static (writer, unlocker) => writer.BeginArray(2).Id(unlocker.Id.Value).Id(unlocker.Hash.Value).EndArray());
        }
    }
}
