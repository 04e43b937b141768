using System.Collections;
using System.Collections.Specialized;
using System.Globalization;
using System.Management.Automation;
using SecureBackup.Engine.Records;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Makes objects of the pipeline out of stored records: equal to those that were backed up.</summary>
internal static class RecordObjects
{
    /// <param name="properties">Which properties an object is to have, in this order, those that it lacks as null; null for its own.</param>
    public static object? Of(object? value, IReadOnlyList<string>? properties = null) =>
        value is RecordMap { Kind: RecordMapKind.Object } map && properties is not null ? Selected(map, properties) : Whole(value);

    private static object? Whole(object? value) => value switch
    {
        RecordMap { Kind: RecordMapKind.Object } map => ObjectOf(map, map.Entries),
        RecordMap { Kind: RecordMapKind.Hashtable } map => Fill(new Hashtable(ComparerOf(map)), map),
        RecordMap map => Fill(new OrderedDictionary(ComparerOf(map)), map),
        RecordEnum member => MemberOf(member),
        object?[] items when items.GetType() == typeof(object[]) => Array.ConvertAll(items, Whole),
        List<object?> items => items.ConvertAll(Whole),
        _ => value,
    };

    private static PSObject ObjectOf(RecordMap map, IEnumerable<KeyValuePair<object, object?>> entries)
    {
        var result = new PSObject();
        foreach (var (name, value) in entries)
        {
            result.Properties.Add(new PSNoteProperty((string)name, Whole(value)), preValidated: true);
        }

        for (var i = 0; i < map.TypeNames.Count; i++)
        {
            result.TypeNames.Insert(i, map.TypeNames[i]);
        }

        return result;
    }

    private static PSObject Selected(RecordMap map, IReadOnlyList<string> properties) => ObjectOf(map, properties.Select(wanted =>
    {
        var found = map.Entries.FirstOrDefault(entry => string.Equals((string)entry.Key, wanted, StringComparison.OrdinalIgnoreCase));
        return new KeyValuePair<object, object?>(wanted, found.Value);
    }));

    /// <summary>As <c>@{}</c> and <c>[ordered]@{}</c> compare; null where keys differ in case alone, as they must have been kept.</summary>
    private static StringComparer? ComparerOf(RecordMap map)
    {
        var texts = map.Entries.Select(static entry => entry.Key).OfType<string>().ToList();
        return texts.Distinct(StringComparer.OrdinalIgnoreCase).Count() < texts.Count ? null : StringComparer.OrdinalIgnoreCase;
    }

    private static T Fill<T>(T dictionary, RecordMap map)
        where T : IDictionary
    {
        foreach (var (key, value) in map.Entries)
        {
            dictionary[Whole(key)!] = Whole(value);
        }

        return dictionary;
    }

    /// <summary>Only types that this session has already: what is stored loads nothing.</summary>
    private static object MemberOf(RecordEnum member)
    {
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (!assembly.ReflectionOnly && assembly.GetType(member.TypeName, throwOnError: false) is { IsEnum: true } type)
            {
                return Enum.GetUnderlyingType(type) == typeof(ulong)
                    ? Enum.ToObject(type, (ulong)member.Number)
                    : Enum.ToObject(type, (long)member.Number);
            }
        }

        return member.Text.Length > 0 ? member.Text : member.Number.ToString(CultureInfo.InvariantCulture);
    }
}
