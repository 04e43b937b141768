using System.Buffers;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// The name of an object on a target: 1 to 200 characters of <c>[a-z0-9/-]</c>, components separated by single slashes,
/// none empty. Every store can keep such a name, also one that folds case.
/// </summary>
public readonly record struct ObjectName : IComparable<ObjectName>
{
    public const int MaxLength = 200;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789/-");

    public ObjectName(string value)
    {
        if (!IsValid(value))
        {
            throw new ArgumentException($"'{value}' is no object name.", nameof(value));
        }

        Value = value;
    }

    public string Value { get; }

    public static bool IsValid(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= MaxLength
        && !value.ContainsAnyExcept(Allowed)
        && value[0] != '/' && value[^1] != '/' && !value.Contains("//", StringComparison.Ordinal);

    public int CompareTo(ObjectName other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}
