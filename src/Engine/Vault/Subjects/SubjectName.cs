using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>How a subject's name is hashed: UTF-8 of its NFC form. The name itself is stored nowhere outside the subject's own records.</summary>
internal static class SubjectName
{
    internal const int MaxBytes = 4_096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="RequestException">SubjectInvalid.</exception>
    internal static byte[] Encode(string subject)
    {
        try
        {
            var bytes = Strict.GetBytes(subject.Normalize(NormalizationForm.FormC));
            return bytes.Length is > 0 and <= MaxBytes
                ? bytes
                : throw new RequestException(FaultCodes.SubjectInvalid, $"The name of a subject has 1 to {MaxBytes} bytes; this one has {bytes.Length}.");
        }
        catch (ArgumentException exception)
        {
            throw new RequestException(FaultCodes.SubjectInvalid, "The name of a subject is no valid text.", exception);
        }
    }
}
