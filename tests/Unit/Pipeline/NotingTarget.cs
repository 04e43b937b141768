using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Notes when each question is asked and when it is answered. Before that whoever has another to ask is given his turn, many times.</summary>
internal sealed class NotingTarget(Target inner) : DelegatingTarget(inner)
{
    private readonly List<string> _notes = [];
    private readonly TaskCompletionSource _allAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _underWay;

    internal string? Refused { get; init; }

    /// <summary>It is answered long after all others, and hears of no cancellation before.</summary>
    internal string? Slow { get; init; }

    /// <summary>None of them is answered before all are asked.</summary>
    internal string[] AnswersTogether { get; init; } = [];

    internal void RequireOrder(string first, string second)
    {
        Assert.True(At("answered", first) >= 0, $"'{first}' was not asked: {string.Join(", ", _notes)}");
        Assert.True(At("asked", second) > At("answered", first), $"'{second}' did not wait for '{first}': {string.Join(", ", _notes)}");
    }

    /// <summary>One of <paramref name="between"/> is asked when the first is answered, and answered when the last is asked.</summary>
    internal void RequireBetween(string first, string between, string last)
    {
        var begin = At("answered", first);
        var notes = _notes.GetRange(begin, At("asked", last) - begin);
        Assert.True(
            notes.IndexOf($"asked {between}") is >= 0 and var asked && notes.LastIndexOf($"answered {between}") > asked,
            $"No '{between}' between '{first}' and '{last}': {string.Join(", ", _notes)}");
    }

    /// <summary>Each was asked, and nothing at all is under way any more, however it ended.</summary>
    internal void RequireEnded(params string[] questions)
    {
        Assert.Equal(0, Volatile.Read(ref _underWay));
        Assert.All(questions, question => Assert.True(CountOf(question) > 0, $"'{question}' was not asked: {string.Join(", ", _notes)}"));
    }

    /// <summary>How often it was asked.</summary>
    internal int CountOf(string question)
    {
        lock (_notes)
        {
            return _notes.Count(note => string.Equals(note, $"asked {question}", StringComparison.Ordinal));
        }
    }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        using var way = new Way(this);
        var question = await AskAsync("PUT", FolderOf(name.Value));
        var receipt = await base.PutAsync(name, content, options, cancellationToken);
        Note("answered", question);
        return receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        using var way = new Way(this);
        var question = await AskAsync("READ", FolderOf(name.Value));
        await base.ReadAsync(name, offset, destination, cancellationToken);
        Note("answered", question);
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        using var way = new Way(this);
        var question = await AskAsync("READ", FolderOf(name.Value));
        var found = await base.TryFetchAsync(name, maxBytes, cancellationToken);
        Note("answered", question);
        return found;
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var way = new Way(this);
        var question = await AskAsync("LIST", prefix);
        if (string.Equals(prefix, Refused, StringComparison.Ordinal))
        {
            throw new TargetException(TargetFault.AccessDenied, $"'{prefix}' is not to be listed.");
        }

        await foreach (var stat in base.ListAsync(prefix, cancellationToken))
        {
            yield return stat;
        }

        Note("answered", question);
    }

    private static string FolderOf(string name) => name[..(name.IndexOf('/', StringComparison.Ordinal) + 1)];

    private async Task<string> AskAsync(string verb, string folder)
    {
        var question = $"{verb} {folder}";
        Note("asked", question);
        var turns = string.Equals(question, Slow, StringComparison.Ordinal) ? 100_000 : 1_000;
        for (var turn = 0; turn < turns; turn++)
        {
            await Task.Yield();
        }

        if (AnswersTogether.Contains(question, StringComparer.Ordinal))
        {
            await _allAsked.Task.WaitAsync(TimeSpan.FromMinutes(1));
        }

        return question;
    }

    private void Note(string what, string question)
    {
        lock (_notes)
        {
            _notes.Add($"{what} {question}");
            if (AnswersTogether.Length > 0 && AnswersTogether.All(each => _notes.Contains($"asked {each}", StringComparer.Ordinal)))
            {
                _allAsked.TrySetResult();
            }
        }
    }

    /// <summary>The first time.</summary>
    private int At(string what, string question) => _notes.IndexOf($"{what} {question}");

    private readonly struct Way : IDisposable
    {
        private readonly NotingTarget _target;

        internal Way(NotingTarget target)
        {
            _target = target;
            Interlocked.Increment(ref target._underWay);
        }

        public void Dispose() => Interlocked.Decrement(ref _target._underWay);
    }
}
