using System.Numerics;

namespace SecureBackup.Engine.Records;

/// <summary>What stands first in the array of a value that is no plain null, boolean, text, byte string or 32-bit integer.</summary>
internal static class RecordCode
{
    internal const int SByte = 1;
    internal const int Byte = 2;
    internal const int Int16 = 3;
    internal const int UInt16 = 4;
    internal const int UInt32 = 5;
    internal const int Int64 = 6;
    internal const int UInt64 = 7;
    internal const int Int128 = 8;
    internal const int UInt128 = 9;
    internal const int BigInteger = 10;
    internal const int Half = 11;
    internal const int Single = 12;
    internal const int Double = 13;
    internal const int Decimal = 14;
    internal const int Char = 15;

    /// <summary>A text that is not well-formed, as UTF-16.</summary>
    internal const int Utf16 = 16;

    internal const int DateTime = 20;
    internal const int DateTimeOffset = 21;
    internal const int DateOnly = 22;
    internal const int TimeOnly = 23;
    internal const int TimeSpan = 24;
    internal const int Guid = 30;
    internal const int Uri = 31;
    internal const int Version = 32;
    internal const int IPAddress = 33;
    internal const int DBNull = 34;
    internal const int Enum = 35;
    internal const int Array = 40;
    internal const int TypedArray = 41;
    internal const int List = 42;
    internal const int Object = (int)RecordMapKind.Object;
    internal const int Hashtable = (int)RecordMapKind.Hashtable;
    internal const int Ordered = (int)RecordMapKind.Ordered;

    /// <summary>Element types of typed arrays that are no code of their own.</summary>
    internal const int ElementInt32 = 0;
    internal const int ElementString = 100;
    internal const int ElementBoolean = 101;

    private static readonly (int Code, Type Type)[] Elements =
    [
        (ElementInt32, typeof(int)), (ElementString, typeof(string)), (ElementBoolean, typeof(bool)), (SByte, typeof(sbyte)), (Int16, typeof(short)),
        (UInt16, typeof(ushort)), (UInt32, typeof(uint)), (Int64, typeof(long)), (UInt64, typeof(ulong)), (Int128, typeof(Int128)), (UInt128, typeof(UInt128)),
        (BigInteger, typeof(BigInteger)), (Half, typeof(Half)), (Single, typeof(float)), (Double, typeof(double)), (Decimal, typeof(decimal)), (Char, typeof(char)),
        (DateTime, typeof(DateTime)), (DateTimeOffset, typeof(DateTimeOffset)), (DateOnly, typeof(DateOnly)), (TimeOnly, typeof(TimeOnly)), (TimeSpan, typeof(TimeSpan)),
        (Guid, typeof(Guid)), (Uri, typeof(Uri)), (Version, typeof(Version)), (IPAddress, typeof(System.Net.IPAddress)),
    ];

    /// <summary>Null where arrays of this type come back as arrays of objects.</summary>
    internal static int? ElementOf(Type type)
    {
        foreach (var (code, element) in Elements)
        {
            if (element == type)
            {
                return code;
            }
        }

        return null;
    }

    internal static Type? TypeOfElement(int code)
    {
        foreach (var (element, type) in Elements)
        {
            if (element == code)
            {
                return type;
            }
        }

        return null;
    }
}
