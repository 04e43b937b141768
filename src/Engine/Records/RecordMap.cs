namespace SecureBackup.Engine.Records;

/// <summary>What a map comes back as; numbers as stored.</summary>
public enum RecordMapKind
{
    /// <summary>Properties in their order; keys are texts.</summary>
    Object = 50,

    /// <summary>Keys without order; stored ascending by their bytes, so that the same table gives the same bytes.</summary>
    Hashtable = 51,

    /// <summary>Keys in their order.</summary>
    Ordered = 52,
}

/// <summary>An object of properties, or a dictionary. One level: values may still be anything that a <see cref="RecordShaper"/> understands.</summary>
/// <param name="TypeNames">What the object called itself; empty for a plain custom object, and for dictionaries.</param>
public sealed record RecordMap(RecordMapKind Kind, IReadOnlyList<KeyValuePair<object, object?>> Entries, IReadOnlyList<string> TypeNames)
{
    public static RecordMap Object(IReadOnlyList<KeyValuePair<object, object?>> properties, IReadOnlyList<string>? typeNames = null) =>
        new(RecordMapKind.Object, properties, typeNames ?? []);
}

/// <summary>A value of an enumeration that may not exist where it is read.</summary>
/// <param name="Number">A signed or unsigned 64-bit number.</param>
public sealed record RecordEnum(string TypeName, Int128 Number, string Text);

/// <summary>
/// Turns one object of the world into something that a record holds: a value, an array, a list, or a <see cref="RecordMap"/> whose values are
/// shaped in their turn. One level at a time, so that cycles and depth are seen by one writer and not by each shaper.
/// </summary>
public delegate object? RecordShaper(object value);
