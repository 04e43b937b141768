using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Holds;

/// <summary>What must be said in words before something is held, released or erased.</summary>
internal static class ReasonText
{
    /// <exception cref="RequestException">ReasonMissing.</exception>
    internal static void Require(string text, string what)
    {
        if (string.IsNullOrWhiteSpace(text) || Encoding.UTF8.GetByteCount(text) > CborMapReader.MaxTextBytes)
        {
            throw new RequestException(FaultCodes.ReasonMissing, $"The reason and the owner of {what} are texts of at most {CborMapReader.MaxTextBytes} bytes, and not blank.");
        }
    }
}
