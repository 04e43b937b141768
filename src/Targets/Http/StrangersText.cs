using System.Globalization;

namespace SecureBackup.Targets.Http;

/// <summary>What somebody wrote who has proved nothing yet, fit to be shown: a line at the most, and nothing in it that a terminal obeys.</summary>
internal static class StrangersText
{
    private const int MaxLength = 200;

    public static string Of(string text) => string.Concat(text.Take(MaxLength).Select(static character => IsPlain(character) ? character : '?'));

    private static bool IsPlain(char character) => !char.IsControl(character) && char.GetUnicodeCategory(character) is not
        (UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned);
}
