namespace SecureBackup.Engine.Faults;

/// <summary>
/// One row of the error register. <see cref="Number"/> is stable for ever and rendered <c>SB2104</c>; <see cref="Cause"/> says in
/// one sentence what happened; <see cref="Remedy"/> says in one imperative sentence what to do.
/// The register stands in the partial class <see cref="FaultCodes"/>, one file a range.
/// </summary>
public sealed record FaultCode(int Number, string Name, string Cause, string Remedy)
{
    public FaultCategory Category => (FaultCategory)(Number / 1000);

    /// <summary>Whether the same call may succeed later without anybody doing anything.</summary>
    public bool IsTransient { get; init; }

    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SB{Number:D4}");
}

/// <summary>The thousands of a fault's number.</summary>
public enum FaultCategory
{
    Argument = 1,
    Target = 2,
    Integrity = 3,
    Key = 4,
    Vault = 5,
    Source = 6,
    Audit = 7,
    Destination = 8,
}
