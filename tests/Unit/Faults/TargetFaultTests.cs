using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Faults;

public sealed class TargetFaultTests
{
    public static TheoryData<TargetFault, FaultCode> Codes => new()
    {
        { TargetFault.NotFound, FaultCodes.TargetNotFound },
        { TargetFault.AlreadyExists, FaultCodes.TargetAlreadyExists },
        { TargetFault.PreconditionFailed, FaultCodes.TargetPreconditionFailed },
        { TargetFault.AccessDenied, FaultCodes.TargetAccessDenied },
        { TargetFault.Throttled, FaultCodes.TargetThrottled },
        { TargetFault.Unavailable, FaultCodes.TargetUnavailable },
        { TargetFault.QuotaExceeded, FaultCodes.TargetQuotaExceeded },
        { TargetFault.Locked, FaultCodes.TargetLocked },
        { TargetFault.Cold, FaultCodes.TargetCold },
        { TargetFault.Unsupported, FaultCodes.TargetUnsupported },
        { TargetFault.OutOfRange, FaultCodes.TargetOutOfRange },
        { TargetFault.PlaceMissing, FaultCodes.TargetPlaceMissing },
        { TargetFault.WrongRegion, FaultCodes.TargetWrongRegion },
        { TargetFault.KeyRejected, FaultCodes.TargetKeyRejected },
        { TargetFault.ClockSkewed, FaultCodes.TargetClockSkewed },
        { TargetFault.Untrusted, FaultCodes.TargetUntrusted },
        { TargetFault.ProxyRefused, FaultCodes.TargetProxyRefused },
        { TargetFault.Exposed, FaultCodes.TargetExposed },
        { TargetFault.LockNotKept, FaultCodes.TargetLockNotKept },
        { TargetFault.NameTooLong, FaultCodes.TargetNameTooLong },
        { TargetFault.Garbled, FaultCodes.TargetGarbled },
        { TargetFault.ReadOnly, FaultCodes.TargetReadOnly },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_stores_refusal_has_its_code_and_is_transient_only_where_waiting_helps(TargetFault fault, FaultCode code)
    {
        var refused = Assert.Throws<TargetException>(void () => throw new TargetException(fault, "No."));
        Assert.Equal(code, refused.Code);
        Assert.Equal(fault is TargetFault.Throttled or TargetFault.Unavailable or TargetFault.Garbled, refused.IsTransient);
    }

    [Fact]
    public void Every_fault_of_a_store_is_among_them() => Assert.Equal(Enum.GetValues<TargetFault>(), Codes.Select(row => row.Data.Item1).Order());
}
