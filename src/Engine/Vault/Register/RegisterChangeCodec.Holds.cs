using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

internal static partial class RegisterChangeCodec
{
    private const int Hold = 12;
    private const int Release = 13;
    private const int MaxHoldTextBytes = 262_144;

    private static void WriteHold(CborMapWriter writer, HoldPlaced hold) => writer
        .Key(0).Id(hold.Id.Value)
        .Key(1).Int((int)hold.Scope)
        .Key(2).Id(hold.On)
        .Key(3).Array(hold.DataSets, static (writer, id) => writer.Id(id.Value))
        .Key(4).UInt(hold.Epoch)
        .Key(5).Bytes(hold.Text.Span);

    private static void WriteRelease(CborMapWriter writer, HoldReleased release) => writer
        .Key(0).Id(release.Hold.Value)
        .Key(1).UInt(release.Epoch)
        .Key(2).Id(release.Id)
        .Key(3).Bytes(release.Text.Span);

    private static HoldPlaced ReadHold(CborMapReader reader)
    {
        Id256? id = null;
        ulong? scope = null;
        Id256? on = null;
        DataSetId[]? dataSets = null;
        uint? epoch = null;
        ReadOnlyMemory<byte>? text = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: id = reader.ReadId(); break;
                case 1: scope = reader.ReadUInt64(); break;
                case 2: on = reader.ReadId(); break;
                case 3: dataSets = reader.ReadArray(MaxListed, static item => new DataSetId(item.ReadId())); break;
                case 4: epoch = reader.ReadUInt32(); break;
                case 5: text = reader.ReadBytes(MaxHoldTextBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var known = reader.Required(scope, "the scope");
        return new HoldPlaced(
            new HoldId(reader.Required(id, "the hold id")),
            known <= (ulong)HoldScope.Subject ? (HoldScope)known : throw reader.Unsupported($"hold scope {known}"),
            reader.Required(on, "what is held"),
            reader.Required(dataSets, "the data sets"),
            reader.Required(epoch, "the epoch"),
            reader.Required(text, "the text"));
    }

    private static HoldReleased ReadRelease(CborMapReader reader)
    {
        Id256? hold = null;
        uint? epoch = null;
        Id256? id = null;
        ReadOnlyMemory<byte>? text = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: hold = reader.ReadId(); break;
                case 1: epoch = reader.ReadUInt32(); break;
                case 2: id = reader.ReadId(); break;
                case 3: text = reader.ReadBytes(MaxHoldTextBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new HoldReleased(
            new HoldId(reader.Required(hold, "the hold id")), reader.Required(epoch, "the epoch"), reader.Required(id, "the release id"), reader.Required(text, "the text"));
    }
}
