using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SecureBackup.Profile;

/// <summary>
/// What had no code at all and the JIT therefore compiles in this process, from now to <see cref="End"/>, by the runtime's own events. The process must unload no code: the events tell of methods by their address.
/// </summary>
internal sealed class JittedMethods : EventListener
{
    private const EventKeywords Jit = (EventKeywords)0x10;
    private const EventKeywords MethodDiagnostic = (EventKeywords)0x4000000000;

    private const int MethodDetails = 72;
    private const int MethodLoadVerbose = 143;
    private const uint IsDynamic = 1;
    private const uint IsJitted = 8;

    /// <summary>Of the flags: without optimisation for good, at once with it, or without it at first. Any other is for code that ran before and is compiled once more.</summary>
    private const int TierBit = 7;
    private const uint TierMask = 7;
    private const uint FirstTier = 1;
    private const uint LastFirstTier = 3;

    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<nint, nint> _typeOf = new();
    private readonly ConcurrentDictionary<nint, bool> _jitted = new();
    private readonly ManualResetEventSlim _hasEnded = new();

    /// <returns>Each method once: constructed generic types and methods as the runtime shares their code.</returns>
    /// <exception cref="TimeoutException">The events end before this call.</exception>
    internal IEnumerable<MethodBase> End()
    {
        // Events come in order, and later than what they tell of.
        Last();
        return _hasEnded.Wait(LongEnough)
            ? _jitted.Keys.Where(_typeOf.ContainsKey).Select(Resolve).OfType<MethodBase>()
            : throw new TimeoutException("The runtime did not say what it compiled: are its events switched off?");
    }

    public override void Dispose()
    {
        base.Dispose();
        _hasEnded.Dispose();
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (string.Equals(eventSource.Name, "Microsoft-Windows-DotNETRuntime", StringComparison.Ordinal))
        {
            EnableEvents(eventSource, EventLevel.Verbose, Jit | MethodDiagnostic);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData is { EventId: MethodDetails, Payload: [ulong method, ulong type, ..] })
        {
            _typeOf[(nint)method] = (nint)type;
        }
        else if (eventData is { EventId: MethodLoadVerbose, Payload: [ulong loaded, _, _, _, _, uint flags, string owner, string name, ..] } && IsFirst(flags))
        {
            _jitted[(nint)loaded] = true;
            if (string.Equals(name, nameof(Last), StringComparison.Ordinal) && string.Equals(owner, typeof(JittedMethods).FullName, StringComparison.Ordinal))
            {
                _hasEnded.Set();
            }
        }
    }

    private static bool IsFirst(uint flags) => (flags & (IsJitted | IsDynamic)) == IsJitted && ((flags >> TierBit) & TierMask) is >= FirstTier and <= LastFirstTier;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Last()
    {
        // Compiled at its first call, which is what tells the end.
    }

    private MethodBase? Resolve(nint method) => MethodBase.GetMethodFromHandle(RuntimeMethodHandle.FromIntPtr(method), RuntimeTypeHandle.FromIntPtr(_typeOf[method]));
}
