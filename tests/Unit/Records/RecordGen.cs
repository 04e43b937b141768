using System.Net;
using System.Numerics;
using CsCheck;
using SecureBackup.Engine.Records;

namespace SecureBackup.Tests.Unit.Records;

/// <summary>Random records of every kind of value that one may hold.</summary>
internal static class RecordGen
{
    /// <summary>Any UTF-16, halves of surrogate pairs included.</summary>
    private static readonly Gen<string> Text = Gen.Char.Array[0, 12].Select(characters => new string(characters));

    public static readonly Gen<object?> Scalar = Gen.OneOf<object?>(
        Gen.Const((object?)null), Gen.Bool.Select(Box), Text.Select(Box), Gen.Int.Select(Box), Gen.SByte.Select(Box), Gen.Byte.Select(Box), Gen.Short.Select(Box),
        Gen.UShort.Select(Box), Gen.UInt.Select(Box), Gen.Long.Select(Box), Gen.ULong.Select(Box), Gen.Select(Gen.ULong, Gen.ULong, (high, low) => Box(new Int128(high, low))),
        Gen.Select(Gen.ULong, Gen.ULong, (high, low) => Box(new UInt128(high, low))), Gen.Byte.Array[0, 40].Select(bytes => Box(new BigInteger(bytes))),
        Gen.UShort.Select(bits => Box(BitConverter.UInt16BitsToHalf(bits))), Gen.UInt.Select(bits => Box(BitConverter.UInt32BitsToSingle(bits))),
        Gen.ULong.Select(bits => Box(BitConverter.UInt64BitsToDouble(bits))),
        Gen.Select(Gen.Int, Gen.Int, Gen.Int, Gen.Bool, Gen.Int[0, 28], (low, middle, high, sign, scale) => Box(new decimal(low, middle, high, sign, (byte)scale))),
        Gen.Char.Select(Box), Gen.Byte.Array[0, 50].Select(Box), Gen.Select(Gen.Long[0, DateTime.MaxValue.Ticks], Gen.Enum<DateTimeKind>(), (ticks, kind) => Box(new DateTime(ticks, kind))),
        Gen.Select(Gen.Long[DateTime.UnixEpoch.Ticks, DateTime.MaxValue.Ticks / 2], Gen.Int[-840, 840], (ticks, minutes) => Box(new DateTimeOffset(ticks, TimeSpan.FromMinutes(minutes)))),
        Gen.Int[0, DateOnly.MaxValue.DayNumber].Select(day => Box(DateOnly.FromDayNumber(day))), Gen.Long[0, TimeOnly.MaxValue.Ticks].Select(ticks => Box(new TimeOnly(ticks))),
        Gen.Long.Select(ticks => Box(new TimeSpan(ticks))), Gen.Guid.Select(Box), Gen.Int[0, 99].Select(number => Box(new Version(number, 2, number))),
        Gen.Int[0, 99].Select(number => Box(new Uri($"https://example.org/{number}?q=a b"))), Gen.Int[0, 99].Select(number => Box(new Uri($"../{number}", UriKind.Relative))),
        Gen.Byte.Array[4].Select(bytes => Box(new IPAddress(bytes))), Gen.Select(Gen.Byte.Array[16], Gen.UInt, (bytes, scope) => Box(new IPAddress(bytes, scope))),
        Gen.Const((object?)DBNull.Value), Gen.Select(Gen.Long, Gen.ULong, Gen.Bool, (signed, unsigned, isSigned) => Box(new RecordEnum("Shop.State", isSigned ? signed : unsigned, "Open, New"))));

    public static readonly Gen<object?> Value = Gen.Recursive<object?>((depth, inner) => depth >= 4 ? Scalar : Gen.Frequency(
        (6, Scalar),
        (1, inner.Array[0, 4].Select(Box)),
        (1, inner.List[0, 4].Select(Box)),
        (1, Gen.OneOf<object?>(Gen.Int.Array[0, 5].Select(Box), Text.Array[0, 5].Select(Box), Gen.Double.Array[0, 5].Select(Box), Gen.Bool.Array[0, 5].Select(Box), Gen.DateOnly.Array[0, 3].Select(Box))),
        (2, Map(inner))));

    public static readonly Gen<object?> Record = Map(Value);

    private static Gen<object?> Map(Gen<object?> inner) => Gen.Select(
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 6], inner).Array[0, 6], Gen.Enum<RecordMapKind>(), Gen.String[Gen.Char.AlphaNumeric, 1, 6].Array[0, 2],
        (pairs, kind, names) => Box(new RecordMap(
            kind,
            [.. Ordered(pairs.DistinctBy(pair => pair.Item1), kind).Select(pair => new KeyValuePair<object, object?>(pair.Item1, pair.Item2))],
            kind == RecordMapKind.Object ? names : [])));

    /// <summary>A hashtable comes back in the order in which it is stored.</summary>
    private static IEnumerable<(string, object?)> Ordered(IEnumerable<(string, object?)> pairs, RecordMapKind kind) =>
        kind == RecordMapKind.Hashtable ? pairs.OrderBy(pair => pair.Item1.Length).ThenBy(pair => pair.Item1, StringComparer.Ordinal) : pairs;

    private static object? Box<T>(T value) => value;
}
