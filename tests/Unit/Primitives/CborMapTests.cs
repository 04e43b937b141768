using CsCheck;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Primitives;

public class CborMapTests
{
    [Theory]
    [InlineData("a0", "an empty map")]
    [InlineData("a10001", "one key")]
    [InlineData("a20001188001", "an unknown key of 128, passed over")]
    public void Accepts_deterministic_maps(string hex, string why)
    {
        var reader = Open(hex);
        while (reader.NextKey(out var key))
        {
            Assert.True(key == 0 && reader.ReadUInt64() == 1, why);
        }
    }

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("a1", "a map cut short")]
    [InlineData("a1000100", "trailing bytes")]
    [InlineData("bf0001ff", "an indefinite map")]
    [InlineData("a118000 1", "a key longer than needed")]
    [InlineData("a1001801", "a value longer than needed")]
    [InlineData("a201010001", "descending keys")]
    [InlineData("a200010001", "a key twice")]
    [InlineData("a12001", "a negative key")]
    [InlineData("a1613001", "a text key")]
    [InlineData("a1c0 0001", "a tagged key")]
    [InlineData("8100", "an array")]
    [InlineData("ba ffffffff 0001", "more keys than bytes")]
    [InlineData("a11880f90000", "a float under an ignorable key")]
    [InlineData("a11880c000", "a tag under an ignorable key")]
    [InlineData("a11880f5", "a boolean under an ignorable key")]
    [InlineData("a118809f01ff", "an indefinite array under an ignorable key")]
    [InlineData("a1188062c328", "text that is not UTF-8 under an ignorable key")]
    [InlineData("a11880818181818181818181818181818181818100", "nesting beyond 16 under an ignorable key")]
    public void Refuses_everything_else(string hex, string why) => AssertMalformed(hex.Replace(" ", "", StringComparison.Ordinal), why);

    [Fact]
    public void Refuses_an_unknown_critical_key_as_unsupported()
    {
        var reader = Open("a1187f01");
        Assert.True(reader.NextKey(out var key));
        Assert.Equal(127, key);
        Assert.Same(FaultCodes.UnsupportedFormat, reader.UnknownKey(key).Code);
    }

    [Fact]
    public void Refuses_what_exceeds_its_limit_before_it_is_allocated()
    {
        // An array that claims 2³¹ − 1 items, a string that claims 2 GiB: neither is there.
        Refused("9a7fffffff", static reader => reader.BeginArray(int.MaxValue));
        Refused("5a7fffffff", static reader => reader.ReadBytes(int.MaxValue));
        Refused("83010203", static reader => reader.BeginArray(2));
        Refused("83010203", static reader => reader.BeginTuple(2));
        Refused("4301 0203", static reader => reader.ReadBytes(2));
        Refused("43010203", static reader => reader.ReadExactBytes(4));
        Refused("63616263", static reader => reader.ReadText(2));
        Refused("1b8000000000000000", static reader => reader.ReadCount());
        Refused("1a80000000", static reader => reader.ReadInt32());
        Refused("82001a3b9aca00", static reader => reader.ReadTime());
        Refused("01", static reader => reader.ReadText());
        Refused("01", static reader => reader.Required<string>(null, "a field"));
    }

    [Fact]
    public void Refuses_any_cut_and_returns_what_was_written() =>
        Gen.Select(Gen.ULong, Gen.Long, Gen.String, Gen.Byte.Array[0, 100], Gen.Select(Gen.Long, Gen.UInt[0, 999_999_999]), Gen.Int[0, 200]).Sample((number, signed, text, bytes, time, cut) =>
        {
            text = text.Replace("\ud800", "", StringComparison.Ordinal);
            if (text.Any(char.IsSurrogate))
            {
                return;
            }

            var id = Id256.Random();
            var encoded = new CborMapWriter().BeginMap()
                .Key(0).UInt(number).Key(1).Int(signed).Key(23).Text(text).Key(24).Bytes(bytes).Key(100).Id(id)
                .Key(101).Time(new Timestamp(time.Item1, time.Item2)).Key(102).Array([1, 2, 3], static (writer, item) => writer.Int(item))
                .Key(300).BeginMap(1).Key(0).Text("later").EndMap().EndMap().Encode();
            Assert.Equal((number, signed, text, Convert.ToHexString(bytes), id, new Timestamp(time.Item1, time.Item2)), ReadBack(encoded));
            Assert.Same(FaultCodes.Malformed, Assert.Throws<IntegrityException>(() => ReadBack(encoded.AsMemory(0, cut % encoded.Length))).Code);
        });

    [Fact]
    public void An_ignorable_key_comes_to_whom_understands_it()
    {
        var encoded = new CborMapWriter().BeginMap().Key(0).UInt(7).Key(129).UInt(8).Key(130).UInt(9).EndMap().Encode();
        var reader = CborMapReader.OfMap(encoded, "map");
        var found = new List<(int Key, ulong Value)>();
        while (reader.NextKey(out var key, 130))
        {
            found.Add((key, reader.ReadUInt64()));
        }

        Assert.Equal([(0, 7UL), (130, 9UL)], found);
    }

    [Fact]
    public void A_sequence_is_read_to_its_end()
    {
        var writer = new CborMapWriter(isSequence: true).BeginArray(1).UInt(1).EndArray().BeginArray(1).UInt(2).EndArray();
        var reader = new CborMapReader(writer.Encode(), "sequence", isSequence: true);
        var items = new List<ulong>();
        while (!reader.IsAtEnd)
        {
            items.AddRange(reader.ReadArray(1, static item => item.ReadUInt64()));
        }

        Assert.Equal([1UL, 2UL], items);
    }

    [Fact]
    public void Keys_must_be_written_in_order() =>
        Assert.Throws<InvalidOperationException>(() => new CborMapWriter().BeginMap().Key(1).UInt(0).Key(1));

    private static (ulong Number, long Signed, string? Text, string? Bytes, Id256 Id, Timestamp Time) ReadBack(ReadOnlyMemory<byte> encoded)
    {
        (ulong Number, long Signed, string? Text, string? Bytes, Id256 Id, Timestamp Time) found = default;
        var reader = CborMapReader.OfMap(encoded, "map");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: found.Number = reader.ReadUInt64(); break;
                case 1: found.Signed = reader.ReadInt64(); break;
                case 23: found.Text = reader.ReadText(); break;
                case 24: found.Bytes = Convert.ToHexString(reader.ReadBytes(100).Span); break;
                case 100: found.Id = reader.ReadId(); break;
                case 101: found.Time = reader.ReadTime(); break;
                case 102: Assert.Equal([1, 2, 3], reader.ReadArray(3, static item => item.ReadInt64())); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return found;
    }

    private static void Refused(string hex, Action<CborMapReader> read) =>
        Assert.Same(
            FaultCodes.Malformed,
            Assert.Throws<IntegrityException>(() => read(new CborMapReader(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), "value"))).Code);

    private static CborMapReader Open(string hex) => CborMapReader.OfMap(Convert.FromHexString(hex), "map");

    private static void AssertMalformed(string hex, string why)
    {
        var exception = Assert.Throws<IntegrityException>(() =>
        {
            var reader = Open(hex);
            while (reader.NextKey(out _))
            {
                reader.ReadUInt64();
            }
        });
        Assert.True(exception.Code == FaultCodes.Malformed, why);
    }
}
