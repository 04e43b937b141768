using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

public sealed class WindowsFaultsTests
{
    public static TheoryData<int, FaultCode> Errors => new()
    {
        { 2, FaultCodes.EntryVanished },
        { 3, FaultCodes.EntryVanished },
        { 5, FaultCodes.EntryUnreadable },
        { 32, FaultCodes.EntryLocked },
        { 33, FaultCodes.EntryLocked },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_Windows_error_has_its_code(int error, FaultCode code) => Assert.Equal(code, WindowsFaults.CodeOf(error));
}
