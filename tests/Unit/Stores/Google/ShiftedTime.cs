namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>The clock of this machine, put forward for a store: a credential's tokens go by the real one.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
}
