using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// The one name of a subject, however it was typed: NFC without white space around it, since "4711 " out of a table is the customer 4711, and an erasure that left one of the two behind would
/// be none. The name itself is stored nowhere outside the subject's own records; UTF-8 of it is what is hashed.
/// </summary>
public static class SubjectName
{
    internal const int MaxBytes = 4_096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="RequestException">SubjectInvalid.</exception>
    public static string Of(string subject) => Strict.GetString(Encode(subject));

    /// <exception cref="RequestException">SubjectInvalid.</exception>
    internal static byte[] Encode(string subject) => TryEncode(subject, out var name)
        ? name
        : throw new RequestException(FaultCodes.SubjectInvalid, $"The name of a subject is a text of 1 to {MaxBytes} bytes, blanks around it not counted.");

    /// <returns>Whether it is a name: blanks of many customers would be one.</returns>
    internal static bool TryEncode(string? subject, out byte[] name)
    {
        name = [];
        if (string.IsNullOrWhiteSpace(subject))
        {
            return false;
        }

        try
        {
            name = Strict.GetBytes(subject.Normalize(NormalizationForm.FormC).Trim());
        }
        catch (ArgumentException)
        {
            // Half a surrogate pair: no name that could be found again.
        }

        return name.Length is > 0 and <= MaxBytes;
    }
}
