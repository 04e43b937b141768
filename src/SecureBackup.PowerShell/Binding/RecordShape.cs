using System.Collections;
using System.Collections.Specialized;
using System.Data;
using System.Management.Automation;
using System.Net;
using System.Numerics;
using System.Security;
using SecureBackup.Engine.Records;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Takes objects of the pipeline apart for a record, one level at a time: values as they are, dictionaries and lists as such, everything else by its properties. Secrets and things that
/// are only alive in this session are refused.
/// </summary>
internal static class RecordShape
{
    /// <summary>Names that every custom object carries and that say nothing.</summary>
    private static readonly string[] PlainNames = ["System.Management.Automation.PSCustomObject", "System.Object"];

    private static readonly HashSet<Type> Values =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan), typeof(Guid), typeof(Uri), typeof(Version),
        typeof(BigInteger), typeof(Int128), typeof(UInt128), typeof(Half), typeof(DBNull),
    ];

    public static object? Of(object value)
    {
        var inner = value is PSObject wrapped ? wrapped.BaseObject : value;
        if (inner is PSCustomObject)
        {
            return MapOf(PSObject.AsPSObject(value), isPlain: true);
        }

        var type = inner.GetType();
        if (Values.Contains(type) || (type.IsPrimitive && inner is not (nint or nuint)) || inner is Enum or IPAddress)
        {
            return inner;
        }

        RefuseWhatDoesNotLast(inner);
        return inner switch
        {
            SwitchParameter flag => flag.IsPresent,
            DataRow row => RecordMap.Object([.. row.Table.Columns.Cast<DataColumn>().Select(column => Pair(column.ColumnName, row[column]))], [type.FullName!]),
            RecordMap or RecordEnum or Array => inner,
            IOrderedDictionary ordered => new RecordMap(RecordMapKind.Ordered, EntriesOf(ordered), []),
            IDictionary dictionary => new RecordMap(IsInOrder(type) ? RecordMapKind.Ordered : RecordMapKind.Hashtable, EntriesOf(dictionary), []),
            IList => inner,
            IEnumerable items => items.Cast<object?>().ToList(),
            _ => MapOf(PSObject.AsPSObject(value), isPlain: false),
        };
    }

    private static void RefuseWhatDoesNotLast(object inner)
    {
        if (inner is SecureString or PSCredential or NetworkCredential)
        {
            throw RecordWriter.Refused($"is a secret ({inner.GetType().Name}); a backup of it would be one more place to steal it from.");
        }

        if (inner is ScriptBlock or Delegate or Type or Stream or Task or WaitHandle or Thread or nint or nuint or CommandInfo or IAsyncResult or System.Diagnostics.Process or TextReader or TextWriter or FileSystemInfo)
        {
            throw RecordWriter.Refused($"is a {inner.GetType().FullName}, which is nothing outside this session.");
        }
    }

    /// <summary>The hashtable that keeps its order, which is no public type.</summary>
    private static bool IsInOrder(Type type) => string.Equals(type.Name, "OrderedHashtable", StringComparison.Ordinal);

    private static List<KeyValuePair<object, object?>> EntriesOf(IDictionary dictionary)
    {
        var entries = new List<KeyValuePair<object, object?>>(dictionary.Count);
        foreach (DictionaryEntry entry in dictionary)
        {
            entries.Add(new KeyValuePair<object, object?>(entry.Key, entry.Value));
        }

        return entries;
    }

    private static RecordMap MapOf(PSObject value, bool isPlain)
    {
        var properties = new List<KeyValuePair<object, object?>>();
        foreach (var property in value.Properties.Where(static property => property.IsGettable))
        {
            properties.Add(Pair(property.Name, Get(property)));
        }

        var names = isPlain ? value.TypeNames.Except(PlainNames, StringComparer.Ordinal).ToArray() : [value.TypeNames[0]];
        return properties.Count > 0 || isPlain
            ? RecordMap.Object(properties, names)
            : throw RecordWriter.Refused($"is a {names[0]}, which has no properties.");
    }

    private static object? Get(PSPropertyInfo property)
    {
        try
        {
            return property.Value;
        }
        catch (GetValueException failure)
        {
            throw RecordWriter.Refused($"has a property {property.Name} that cannot be read: {failure.Message}");
        }
    }

    private static KeyValuePair<object, object?> Pair(string name, object? value) => new(name, value);
}
