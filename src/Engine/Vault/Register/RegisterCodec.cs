using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Bodies of register entries to bytes and back. Reading judges the form alone; validity is <see cref="RegisterState"/>'s.</summary>
public static class RegisterCodec
{
    /// <summary>One whole entry, signatures included.</summary>
    public const int MaxEntryBytes = 1024 * 1024;

    private const int MaxChanges = 10_000;
    private const int MaxFeatures = 1_000;

    public static byte[] Encode(RegisterEntry entry)
    {
        var writer = new CborMapWriter().BeginMap().Key(0).UInt(entry.Number);
        if (entry.Previous is { } previous)
        {
            writer.Key(1).Id(previous.Value);
        }

        return writer.Key(2).Time(entry.Time)
            .Key(3).Array(entry.Features, static (writer, feature) => writer.Text(feature))
            .Key(4).Array(entry.Changes, RegisterChangeCodec.Write)
            .EndMap().Encode();
    }

    /// <summary>The number alone; null where there is none.</summary>
    internal static uint? NumberOf(ReadOnlyMemory<byte> body)
    {
        var reader = CborMapReader.OfMap(body, "register entry");
        return reader.NextKey(out var key) && key == 0 ? reader.ReadUInt32() : null;
    }

    /// <param name="what">For errors: which entry this is.</param>
    public static RegisterEntry Decode(ReadOnlyMemory<byte> body, string what)
    {
        uint? number = null;
        ContentHash? previous = null;
        Timestamp? time = null;
        string[]? features = null;
        RegisterChange?[]? changes = null;
        var reader = CborMapReader.OfMap(body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: number = reader.ReadUInt32(); break;
                case 1: previous = new ContentHash(reader.ReadId()); break;
                case 2: time = reader.ReadTime(); break;
                case 3: features = reader.ReadArray(MaxFeatures, static item => item.ReadText()); break;
                case 4: changes = reader.ReadArray(MaxChanges, RegisterChangeCodec.Read); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new RegisterEntry(
            reader.Required(number, "the number"),
            previous,
            reader.Required(time, "the time"),
            reader.Required(features, "the list of features"),
            [.. reader.Required(changes, "the list of changes").OfType<RegisterChange>()]);
    }
}
