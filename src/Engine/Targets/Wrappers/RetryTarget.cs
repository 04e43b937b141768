using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// What is transient is tried again (<see cref="Retries"/>). A put that was tried again, or that has a name of its own, and finds its own bytes under the name has
/// succeeded: an earlier try was stored although its answer was lost, or somebody on the way sent it twice.
/// </summary>
public sealed class RetryTarget(Target inner, RetryOptions? options = null, TimeProvider? clock = null, IEngineSink? sink = null) : DelegatingTarget(inner)
{
    private const int ReadBackBytes = 4 << 20;

    private readonly Retries _retries = new(options ?? RetryOptions.Default, inner.Meter, clock ?? TimeProvider.System, sink ?? NullSink.Instance);

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var mayBeOurs = options.IsOwnName;
        TargetException? unanswered = null;
        return await CallAsync(
            "put",
            name.Value,
            async token =>
            {
                try
                {
                    content.Position = 0;
                    return await Inner.PutAsync(name, content, options, token);
                }
                catch (TargetException exception) when (mayBeOurs && options.IfAbsent && exception.Fault == TargetFault.AlreadyExists)
                {
                    if (await FindOwnAsync(name, content, options, token) is { } receipt)
                    {
                        return receipt;
                    }

                    throw;
                }
                catch (TargetException exception) when (exception.IsTransient)
                {
                    unanswered = exception;
                    throw;
                }
                catch (TargetException exception) when (unanswered is not null && exception.Fault == TargetFault.AccessDenied)
                {
                    // Refused now, but a try before may have been stored: no caller may take this for a no.
                    throw new TargetException(TargetFault.Unavailable, $"Whether '{name}' was stored is not known: {unanswered.Message} Then: {exception.Message}", exception);
                }
                finally
                {
                    mayBeOurs = true;
                }
            },
            cancellationToken,
            () => (content as SlowedStream)?.Waited ?? TimeSpan.Zero);
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        await CallAsync("read", name.Value, token => Inner.ReadAsync(name, offset, destination, token), cancellationToken);

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) =>
        await CallAsync("fetch", name.Value, token => Inner.TryFetchAsync(name, maxBytes, token), cancellationToken);

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        await CallAsync("look up", name.Value, token => Inner.StatAsync(name, token), cancellationToken);

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
        ResumeAsync(prefix, last => last is not null && Capabilities.ListsInOrder ? Inner.ListAfterAsync(prefix, last.Name, cancellationToken) : Inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken) =>
        ResumeAsync(prefix, last => Inner.ListAfterAsync(prefix, Capabilities.ListsInOrder && last is not null ? last.Name : after, cancellationToken), cancellationToken);

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        await CallAsync("delete", name.Value, token => Inner.DeleteAsync(name, token), cancellationToken);

    public override async Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) =>
        await CallAsync("delete", names.Count > 0 ? $"{names[0]} and others" : "nothing", token => Inner.DeleteManyAsync(names, token), cancellationToken);

    public override async Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) =>
        await CallAsync("look up the lock of", name.Value, token => Inner.GetLockAsync(name, token), cancellationToken);

    public override async Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        await CallAsync("lock", name.Value, token => Inner.ExtendLockAsync(name, until, token), cancellationToken);

    public override async Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) =>
        await CallAsync("hold", name.Value, token => Inner.SetLegalHoldAsync(name, isHeld, token), cancellationToken);

    public override IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        ResumeAsync<ObjectVersion>(prefix, _ => Inner.ListVersionsAsync(prefix, cancellationToken), static version => KeyOf($"{version.Stat.Name}\n{version.Version}"), cancellationToken);

    public override async Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        await CallAsync("read", name.Value, token => Inner.ReadVersionAsync(name, version, offset, destination, token), cancellationToken);

    public override async Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) =>
        await CallAsync("warm", name.Value, token => Inner.WarmAsync(name, options, token), cancellationToken);

    public override async Task<long?> GetRoomAsync(CancellationToken cancellationToken) =>
        await CallAsync("ask for room of", DisplayName, Inner.GetRoomAsync, cancellationToken);

    private static UInt128 KeyOf(string text) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(text.AsSpan()));

    private IAsyncEnumerable<ObjectStat> ResumeAsync(string prefix, Func<ObjectStat?, IAsyncEnumerable<ObjectStat>> open, CancellationToken cancellationToken) =>
        ResumeAsync<ObjectStat>(prefix, open, Capabilities.ListsInOrder ? null : static stat => KeyOf(stat.Name.Value), cancellationToken);

    /// <summary>Each step of a listing has all tries.</summary>
    private async IAsyncEnumerable<T> ResumeAsync<T>(
        string prefix, Func<T?, IAsyncEnumerable<T>> open, Func<T, UInt128>? keyOf, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        await using var listing = new ResumedListing<T>(open, keyOf, cancellationToken);
        while (await CallAsync("list", prefix, _ => listing.MoveNextAsync(), cancellationToken))
        {
            yield return listing.Current;
        }
    }

    private Task<bool> CallAsync(string doing, string what, Func<CancellationToken, Task> call, CancellationToken cancellationToken) => CallAsync(
        doing,
        what,
        async token =>
        {
            await call(token);
            return true;
        },
        cancellationToken);

    private Task<T> CallAsync<T>(string doing, string what, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, Func<TimeSpan>? held = null) =>
        _retries.RunAsync($"{doing} {what}", call, cancellationToken, held);

    /// <summary>The receipt of what is stored, if it is what was to be stored; else null.</summary>
    /// <exception cref="TargetException"><c>LockNotKept</c>: it is, but not locked as it was to be.</exception>
    private async Task<PutReceipt?> FindOwnAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        if (await Inner.StatAsync(name, cancellationToken) is not { } stat || stat.LengthBytes != content.Length || !await IsStoredAsync(stat, content, options, cancellationToken))
        {
            return null;
        }

        var state = options.Lock is null && !options.LegalHold ? null : await Inner.GetLockAsync(name, cancellationToken);
        if (state is not null && ((options.LegalHold && !state.LegalHold) || (options.Lock is { } asked && !state.IsAtLeast(asked))))
        {
            throw new TargetException(TargetFault.LockNotKept, $"'{name}' is stored on {DisplayName}, but not locked as it was to be.");
        }

        return new PutReceipt(stat.LengthBytes, stat.StoreTime) { Tag = stat.Tag, Lock = state };
    }

    private async Task<bool> IsStoredAsync(ObjectStat stat, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await HashStoredAsync(stat, cancellationToken) == await new PutContent(stat.Name, content, options).HashAsync(cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.Cold && options.IsOwnName)
        {
            // It went straight into an archive. Nobody else gives this name, and a store makes a put whole or not at all.
            return true;
        }
    }

    private async Task<ContentHash> HashStoredAsync(ObjectStat stat, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(ReadBackBytes, stat.LengthBytes)];
        for (var offset = 0L; offset < stat.LengthBytes; offset += buffer.Length)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, stat.LengthBytes - offset));
            await Inner.ReadAsync(stat.Name, offset, part, cancellationToken);
            hash.AppendData(part.Span);
        }

        return new ContentHash(Id256.Read(hash.GetHashAndReset()));
    }
}
