namespace SecureBackup.Engine.Entries;

/// <summary>How the bytes of a name came to be.</summary>
public enum NameOrigin : byte
{
    /// <summary>The bytes that the Unix kernel gave, in whatever encoding.</summary>
    UnixBytes = 0,

    /// <summary>UTF-16 from Windows as WTF-8: like UTF-8, lone surrogates kept.</summary>
    Wtf8 = 1,
}

/// <summary>
/// The place of an entry in a snapshot: name components as bytes, the first being the root's name. Never folded, never normalised.
/// Order is by component arrays, each compared as unsigned bytes, a prefix first: <c>a</c> &lt; <c>a/b</c> &lt; <c>a-b</c>.
/// </summary>
public sealed class EntryPath : IComparable<EntryPath>, IEquatable<EntryPath>
{
    /// <summary>Longest name component in bytes.</summary>
    public const int MaxComponentBytes = 4096;

    /// <summary>Most components in one path.</summary>
    public const int MaxDepth = 4096;

    private readonly byte[][] _components;

    public EntryPath(byte[][] components)
    {
        _components = components;
    }

    public static EntryPath Root { get; } = new([]);

    public int Depth => _components.Length;

    public ReadOnlySpan<byte> this[int index] => _components[index];

    public ReadOnlySpan<byte> Name => _components.Length == 0 ? default : _components[^1];

    /// <summary>The components themselves; shared, not to be changed.</summary>
    public IReadOnlyList<byte[]> Components => _components;

    public EntryPath? Parent => _components.Length == 0 ? null : new EntryPath(_components[..^1]);

    public EntryPath Append(ReadOnlySpan<byte> name) => AppendShared(name.ToArray());

    /// <param name="name">Shared with the path from now on.</param>
    internal EntryPath AppendShared(byte[] name)
    {
        var components = new byte[_components.Length + 1][];
        _components.CopyTo(components, 0);
        components[^1] = name;
        return new EntryPath(components);
    }

    public bool IsAncestorOrSelfOf(EntryPath other)
    {
        if (other._components.Length < _components.Length)
        {
            return false;
        }

        for (var i = 0; i < _components.Length; i++)
        {
            if (!_components[i].AsSpan().SequenceEqual(other._components[i]))
            {
                return false;
            }
        }

        return true;
    }

    public int CompareTo(EntryPath? other)
    {
        if (other is null)
        {
            return 1;
        }

        var shared = Math.Min(_components.Length, other._components.Length);
        for (var i = 0; i < shared; i++)
        {
            var order = _components[i].AsSpan().SequenceCompareTo(other._components[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return _components.Length.CompareTo(other._components.Length);
    }

    public bool Equals(EntryPath? other) => other is not null && CompareTo(other) == 0;

    public override bool Equals(object? obj) => Equals(obj as EntryPath);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var component in _components)
        {
            hash.AddBytes(component);
            hash.Add(1);
        }

        return hash.ToHashCode();
    }

    /// <summary>For people: components joined by '/', bytes that are not UTF-8, control characters and marks that reorder text as <c>\xNN</c>, a backslash as <c>\\</c>.</summary>
    public override string ToString() => string.Join('/', _components.Select(component => EntryName.ToDisplay(component)));

    public static bool operator ==(EntryPath? left, EntryPath? right) => left?.Equals(right) ?? right is null;

    public static bool operator !=(EntryPath? left, EntryPath? right) => !(left == right);

    public static bool operator <(EntryPath left, EntryPath right) => left.CompareTo(right) < 0;

    public static bool operator >(EntryPath left, EntryPath right) => left.CompareTo(right) > 0;

    public static bool operator <=(EntryPath left, EntryPath right) => left.CompareTo(right) <= 0;

    public static bool operator >=(EntryPath left, EntryPath right) => left.CompareTo(right) >= 0;
}
