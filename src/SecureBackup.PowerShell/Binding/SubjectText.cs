using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Says whose an object is: the text of a property, or of a property of a property (<c>Customer.Id</c>). Numbers and their texts are one subject: 42, 42L, 42.0 and
/// '42' are the same; '042' is another.
/// </summary>
internal static class SubjectText
{
    /// <summary>Up to here a double tells each whole number from the next. A spreadsheet hands out long customer numbers as such, and its own text of one is 4.1E+15.</summary>
    private const double MaxWhole = 9_007_199_254_740_992;

    /// <returns>Null where the object does not have it, or has nothing in it.</returns>
    public static string? Of(PSObject value, IReadOnlyList<string> path)
    {
        object? at = value;
        foreach (var name in path)
        {
            at = at is null ? null : Member(PSObject.AsPSObject(at), name);
        }

        return at is null ? null : TextOf(at is PSObject wrapped ? wrapped.BaseObject : at);
    }

    public static string? TextOf(object value) => value switch
    {
        string text => text,
        decimal number => number.ToString("0.############################", CultureInfo.InvariantCulture),
        double or float or Half when Convert.ToDouble(value is Half half ? (float)half : value, CultureInfo.InvariantCulture) is var number and >= -MaxWhole and <= MaxWhole
            && double.IsInteger(number) => ((long)number).ToString(CultureInfo.InvariantCulture),
        double or float or Half => ((IFormattable)value).ToString("R", CultureInfo.InvariantCulture),
        bool or char or Enum or Uri or Version or System.Net.IPAddress => value.ToString(),
        IFormattable formattable when value.GetType() is { IsPrimitive: true } or { Namespace: "System" or "System.Numerics" } => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static object? Member(PSObject value, string name)
    {
        if (value.BaseObject is IDictionary dictionary)
        {
            return dictionary.Contains(name) ? dictionary[name] : null;
        }

        try
        {
            return value.Properties[name]?.Value;
        }
        catch (GetValueException)
        {
            return null;
        }
    }
}
