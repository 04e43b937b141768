using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>One announcement of a session, or its end.</summary>
/// <param name="Number">Of the announcement; the end marker goes on counting.</param>
public sealed record SessionRecord(RegisterHead Register, Id256 Session, int Number, Timestamp Time, bool IsEnd)
{
    internal const int MaxNumber = 999_999;

    internal byte[] Encode()
    {
        var writer = new CborMapWriter().BeginMap().Key(0);
        Register.Write(writer);
        writer.Key(1).Id(Session).Key(2).Int(Number).Key(3).Time(Time);
        if (IsEnd)
        {
            writer.Key(4).Int(1);
        }

        return writer.EndMap().Encode();
    }

    internal static SessionRecord Decode(ReadOnlyMemory<byte> body, string what)
    {
        RegisterHead? register = null;
        Id256? session = null;
        int? number = null;
        Timestamp? time = null;
        var isEnd = false;
        var reader = CborMapReader.OfMap(body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: session = reader.ReadId(); break;
                case 2: number = reader.ReadInt32(MaxNumber); break;
                case 3: time = reader.ReadTime(); break;
                case 4: isEnd = true; reader.Check(reader.ReadUInt64() == 1, "its end is not marked by 1"); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new SessionRecord(
            reader.Required(register, "the register head"), reader.Required(session, "the session"), reader.Required(number, "the number"), reader.Required(time, "the time"), isEnd);
    }
}
