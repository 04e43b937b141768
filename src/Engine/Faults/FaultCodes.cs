using System.Reflection;

namespace SecureBackup.Engine.Faults;

/// <summary>The error register: every code that the product can raise.</summary>
public static partial class FaultCodes
{
    /// <summary>All codes by number; two with one number are a bug that the register's test finds.</summary>
    public static IReadOnlyList<FaultCode> All => Register.Codes;

    /// <summary>Apart, so that it is read only after every file's codes are there.</summary>
    private static class Register
    {
        internal static readonly IReadOnlyList<FaultCode> Codes =
        [
            .. typeof(FaultCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
                .Where(field => field.FieldType == typeof(FaultCode))
                .Select(field => (FaultCode)field.GetValue(null)!)
                .OrderBy(code => code.Number),
        ];
    }
}
