using System.Buffers.Binary;
using System.Collections;
using CsCheck;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Records;

namespace SecureBackup.Tests.Unit.Records;

public sealed class RecordTests
{
    [Fact]
    public void Any_record_comes_back_equal_with_its_types_and_gives_the_same_bytes_again() =>
        RecordGen.Record.Sample(record =>
        {
            var bytes = new RecordWriter().Write(record);
            var back = RecordReader.Read(bytes);
            RequireSame(record, back);
            Assert.Equal(bytes, new RecordWriter().Write(back));
        });

    [Fact]
    public void A_mutated_record_is_read_or_refused_by_name_and_never_crashes() =>
        Gen.Select(RecordGen.Record, Gen.Int[0, int.MaxValue], Gen.Byte).Sample((record, at, value) =>
        {
            var bytes = new RecordWriter().Write(record);
            bytes[at % bytes.Length] = value;
            try
            {
                RecordReader.Read(bytes);
            }
            catch (BackupException refused)
            {
                Assert.Contains(refused.Code, (FaultCode[])[FaultCodes.RecordMalformed, FaultCodes.UnsupportedFormat]);
            }
        });

    [Fact]
    public void The_example_of_the_specification_is_what_is_written() => Assert.Equal(
        "83183280866249640764" + "4E616D65" + "63416461" + "6742616C616E6365" + "840E02004C" + "000000000000000000000096",
        Convert.ToHexString(new RecordWriter().Write(Object(("Id", 7), ("Name", "Ada"), ("Balance", 1.50m)))));

    [Theory]
    [InlineData("1.0", "1.00")]
    [InlineData("0", "0.000")]
    public void A_decimal_keeps_its_scale(string left, string right)
    {
        var numbers = new[] { left, right }.Select(text => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var back = numbers.Select(number => (decimal)RecordReader.Read(new RecordWriter().Write(number))!).ToArray();
        Assert.Equal(numbers.Select(decimal.GetBits), back.Select(decimal.GetBits));
        Assert.NotEqual(decimal.GetBits(back[0]), decimal.GetBits(back[1]));
    }

    [Fact]
    public void Equal_hashtables_give_equal_bytes_whatever_order_they_were_filled_in()
    {
        string[] keys = [.. Enumerable.Range(0, 50).Select(i => $"key{i}")];
        var forward = new Hashtable();
        var backward = new Hashtable();
        foreach (var (key, other) in keys.Zip(keys.Reverse()))
        {
            forward[key] = key;
            backward[other] = other;
        }

        Assert.Equal(new RecordWriter().Write(forward), new RecordWriter().Write(backward));
    }

    [Fact]
    public void What_leads_back_to_itself_is_refused_by_its_path()
    {
        var inner = new List<object?> { 1 };
        var record = Object(("Name", "Ada"), ("Orders", new object?[] { null, Object(("Lines", inner)) }));
        inner.Add(record);
        var refused = Assert.Throws<RequestException>(() => new RecordWriter().Write(record));
        Assert.Equal(FaultCodes.RecordCyclic, refused.Code);
        Assert.Contains("'Orders[1].Lines[1]'", refused.Message, StringComparison.Ordinal);

        // One object in two places is no cycle.
        var shared = Object(("City", "Bonn"));
        new RecordWriter().Write(Object(("Home", shared), ("Work", shared)));
    }

    [Fact]
    public void What_has_no_end_is_refused_at_a_depth()
    {
        var refused = Assert.Throws<RequestException>(() => new RecordWriter(value => value is Endless ? Object(("Root", new Endless())) : value).Write(new Endless()));
        Assert.Equal(FaultCodes.RecordTooDeep, refused.Code);
        Assert.Contains("Root.Root", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_too_large_is_refused_before_all_of_it_is_written()
    {
        AssertRefused(FaultCodes.RecordTooLarge, new byte[RecordLimits.MaxRecordBytes]);
        AssertRefused(FaultCodes.RecordTooLarge, new object?[RecordLimits.MaxValues]);
    }

    [Fact]
    public void What_cannot_come_back_is_refused_by_its_path()
    {
        var refused = AssertRefused(FaultCodes.RecordValueRefused, Object(("A", Object(("B", new MemoryStream())))));
        Assert.Contains("'A.B' is a System.IO.MemoryStream", refused.Message, StringComparison.Ordinal);
        AssertRefused(FaultCodes.RecordValueRefused, new int[2, 2]);
    }

    [Fact]
    public void A_writer_that_refused_a_record_writes_the_next_one()
    {
        var writer = new RecordWriter();
        Assert.Throws<RequestException>(() => writer.Write(new object?[] { 1, new MemoryStream() }));
        Assert.Equal(new RecordWriter().Write("next"), writer.Write("next"));
    }

    [Fact]
    public void Lists_that_claim_millions_within_each_other_cost_no_memory()
    {
        byte[] hostile = [.. Enumerable.Repeat<byte[]>([0x82, 0x18, 42, 0x9A, 0, 0x0F, 0x42, 0x40], 48).SelectMany(bytes => bytes), .. new byte[1_100_000]];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(FaultCodes.RecordMalformed, Assert.Throws<IntegrityException>(() => RecordReader.Read(hostile)).Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024 * 1024);
    }

    [Fact]
    public void Items_are_put_together_from_chunks_of_any_length() =>
        Gen.Select(Gen.Byte.Array[1, 300].Array[0, 20], Gen.Int[1, 64]).Sample((items, step) =>
        {
            var content = new List<byte>();
            foreach (var item in items)
            {
                var length = new byte[RecordFraming.LengthBytes];
                RecordFraming.WriteLength(length, item.Length);
                content.AddRange([.. length, .. item]);
            }

            var deframer = new RecordDeframer();
            var back = new List<string>();
            foreach (var chunk in content.Chunk(step))
            {
                deframer.Append(chunk);
                while (deframer.TryTake(out var item))
                {
                    back.Add(Convert.ToHexString(item.Span));
                }
            }

            Assert.Equal(items.Select(Convert.ToHexString), back);
            Assert.True(deframer.IsEmpty);
        });

    [Fact]
    public void An_item_that_claims_too_much_is_refused_before_it_is_waited_for()
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, RecordLimits.MaxRecordBytes + 1);
        var deframer = new RecordDeframer();
        deframer.Append(length);
        Assert.Equal(FaultCodes.RecordMalformed, Assert.Throws<IntegrityException>(() => deframer.TryTake(out _)).Code);
    }

    [Fact]
    public void A_contents_head_says_whose_it_is()
    {
        Assert.Equal("4711", RecordFraming.DecodeHead(RecordFraming.EncodeHead("4711")));
        Assert.Null(RecordFraming.DecodeHead(RecordFraming.EncodeHead(null)));
        Assert.Equal(FaultCodes.UnsupportedFormat, Assert.Throws<VaultException>(() => RecordFraming.DecodeHead(Convert.FromHexString("A10002"))).Code);
    }

    private static RequestException AssertRefused(FaultCode code, object? value)
    {
        var refused = Assert.Throws<RequestException>(() => new RecordWriter().Write(value));
        Assert.Equal(code, refused.Code);
        return refused;
    }

    private static RecordMap Object(params (string Name, object? Value)[] properties) =>
        RecordMap.Object([.. properties.Select(property => new KeyValuePair<object, object?>(property.Name, property.Value))]);

    private static void RequireSame(object? expected, object? actual)
    {
        Assert.Equal(expected?.GetType(), actual?.GetType());
        switch (expected)
        {
            case RecordMap map:
                var other = (RecordMap)actual!;
                Assert.Equal(map.Kind, other.Kind);
                Assert.Equal(map.TypeNames, other.TypeNames);
                Assert.Equal(map.Entries.Select(entry => entry.Key), other.Entries.Select(entry => entry.Key));
                Assert.All(map.Entries.Zip(other.Entries), pair => RequireSame(pair.First.Value, pair.Second.Value));
                break;
            case IList list:
                Assert.Equal(list.Count, ((IList)actual!).Count);
                Assert.All(list.Cast<object?>().Zip(((IList)actual).Cast<object?>()), pair => RequireSame(pair.First, pair.Second));
                break;
            case Uri uri:
                Assert.Equal(uri.OriginalString, ((Uri)actual!).OriginalString);
                break;
            case DateTime time:
                Assert.Equal((time.Ticks, time.Kind), (((DateTime)actual!).Ticks, ((DateTime)actual).Kind));
                break;
            case double number:
                Assert.Equal(BitConverter.DoubleToUInt64Bits(number), BitConverter.DoubleToUInt64Bits((double)actual!));
                break;
            default:
                Assert.Equal(expected, actual);
                break;
        }
    }

    private sealed class Endless;
}
