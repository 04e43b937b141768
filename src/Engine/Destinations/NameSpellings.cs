using System.Text;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// Whether a folder finds a name under spellings that it does not list: a file system that folds case, or composed and decomposed letters. Asked of the folder itself, since one
/// file system may fold in some folders and not in others.
/// </summary>
internal static class NameSpellings
{
    internal static bool Folds(DestinationFolder folder, byte[] name) =>
        folder.Look(name) is { } standing
        && Of(name).Any(other => !other.AsSpan().SequenceEqual(name) && folder.Look(other)?.IsSameFileAs(standing) == true && !folder.Lists(other));

    /// <summary>A name that has any other spelling has one of these.</summary>
    private static IEnumerable<byte[]> Of(byte[] name)
    {
        if (!Wtf8.TryDecode(name, out var text))
        {
            yield break;
        }

        yield return Wtf8.Encode(text.ToUpperInvariant());
        yield return Wtf8.Encode(text.ToLowerInvariant());
        yield return Wtf8.Encode(Normalize(text, NormalizationForm.FormC));
        yield return Wtf8.Encode(Normalize(text, NormalizationForm.FormD));
    }

    private static string Normalize(string text, NormalizationForm form)
    {
        try
        {
            return text.Normalize(form);
        }
        catch (ArgumentException)
        {
            // Half a surrogate pair has no form but its own.
            return text;
        }
    }
}
