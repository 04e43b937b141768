using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// One subject key as it is stored everywhere, in 99 bytes: pseudonym (32) ‖ the domain id's last 29 bytes ‖ key (32) ‖ generation u32 ‖ place u16: of the
/// data set in its leaf's list, or of the addition among those that are read together. A domain id begins as its subject's pseudonym does, so whatever is sorted by one is sorted by the other. Works on the bytes where they
/// lie: keys are copied as seldom as possible.
/// </summary>
internal static class SubjectRecord
{
    internal const int SizeBytes = 99;

    /// <summary>So many bytes of a domain id are its subject's pseudonym's.</summary>
    internal const int SharedBytes = 3;

    /// <summary>Pseudonym and domain: what records are sorted by, and what tells one from another.</summary>
    internal const int SortBytes = KeyAt;

    private const int KeyAt = Id256.SizeBytes + Id256.SizeBytes - SharedBytes;
    private const int GenerationAt = KeyAt + SecretKey.SizeBytes;
    private const int PlaceAt = GenerationAt + sizeof(uint);

    /// <summary>A fresh domain id for a subject.</summary>
    internal static DomainId NewDomain(SubjectPseudonym subject)
    {
        Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
        Span<byte> pseudonym = stackalloc byte[Id256.SizeBytes];
        Id256.Random().CopyTo(bytes);
        subject.Value.CopyTo(pseudonym);
        pseudonym[..SharedBytes].CopyTo(bytes);
        return new DomainId(Id256.Read(bytes));
    }

    internal static void Write(Span<byte> record, SubjectPseudonym subject, SubjectDomainKey key)
    {
        subject.Value.CopyTo(record);
        Span<byte> domain = stackalloc byte[Id256.SizeBytes];
        key.Domain.Value.CopyTo(domain);
        domain[SharedBytes..].CopyTo(record[Id256.SizeBytes..]);
        key.Key.CopyTo(record[KeyAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[GenerationAt..], key.Generation);
        SetPlace(record, 0);
    }

    internal static SubjectPseudonym PseudonymOf(ReadOnlySpan<byte> record) => new(Id256.Read(record[..Id256.SizeBytes]));

    internal static DomainId DomainOf(ReadOnlySpan<byte> record)
    {
        Span<byte> domain = stackalloc byte[Id256.SizeBytes];
        record[..SharedBytes].CopyTo(domain);
        record[Id256.SizeBytes..KeyAt].CopyTo(domain[SharedBytes..]);
        return new DomainId(Id256.Read(domain));
    }

    internal static ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> record) => record.Slice(KeyAt, SecretKey.SizeBytes);

    internal static uint GenerationOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt32LittleEndian(record[GenerationAt..]);

    internal static ushort PlaceOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt16LittleEndian(record[PlaceAt..]);

    internal static void SetPlace(Span<byte> record, ushort place) => BinaryPrimitives.WriteUInt16LittleEndian(record[PlaceAt..], place);

    /// <summary>All but the domain goes: the key, and whose it was. What stays says that the domain had a key, so that nobody gives it one again.</summary>
    internal static void Destroy(Span<byte> record)
    {
        record[SharedBytes..Id256.SizeBytes].Clear();
        record[KeyAt..PlaceAt].Clear();
    }

    internal static bool IsDestroyed(ReadOnlySpan<byte> record) => !KeyOf(record).ContainsAnyExcept((byte)0);

    /// <summary>Whether they say the same, wherever they stand.</summary>
    internal static bool IsSame(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left[..PlaceAt].SequenceEqual(right[..PlaceAt]);

    internal static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left[..SortBytes].SequenceCompareTo(right[..SortBytes]);
}

/// <summary>Is shown a record where it lies; must not keep it.</summary>
internal delegate void SubjectRecordReader(ReadOnlySpan<byte> record);

/// <param name="key">32 bytes, still their owner's.</param>
internal readonly ref struct SubjectDomainKey(DomainId domain, ReadOnlySpan<byte> key, uint generation)
{
    internal DomainId Domain { get; } = domain;

    internal ReadOnlySpan<byte> Key { get; } = key;

    internal uint Generation { get; } = generation;
}
