using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a backup asks before it begins: what the protocol orders, in that order (docs/format/sessions.md); all else at once.</summary>
public sealed class BackupOpeningTests : IAsyncDisposable
{
    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Each_question_waits_for_those_that_the_protocol_puts_before_it()
    {
        using var scene = await FilledAsync();
        await MarkAsync(scene);
        var noted = new NotingTarget(_store);

        await scene.BackUpAsync(noted);

        noted.RequireOrder("LIST snapshots/", "LIST removals/");
        noted.RequireOrder("PUT sessions/", "LIST condemned/");
        noted.RequireBetween("LIST snapshots/", "READ register/", "READ snapshots/");
        noted.RequireBetween("LIST condemned/", "READ register/", "READ condemned/");
        foreach (var later in (string[])["LIST packs/", "LIST index/", "LIST relocations/", "READ refs/"])
        {
            noted.RequireOrder("READ condemned/", later);
        }
    }

    [Theory]
    [InlineData("LIST snapshots/", "LIST verifications/", "LIST approvals/", "PUT sessions/")]
    [InlineData("LIST packs/", "LIST index/", "LIST relocations/", "READ refs/")]
    public async Task What_has_no_order_is_asked_at_once(params string[] questions)
    {
        using var scene = await FilledAsync();

        var backup = await scene.BackUpAsync(new NotingTarget(_store) { AnswersTogether = questions });

        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
    }

    [Fact]
    public async Task A_backup_that_cannot_read_the_snapshots_leaves_no_session_that_others_wait_for()
    {
        using var scene = await FilledAsync();
        var before = _store.Objects.Keys.ToHashSet();

        var failure = await Assert.ThrowsAsync<TargetException>(() => scene.BackUpAsync(new NotingTarget(_store) { Refused = ObjectNames.Verifications }));

        Assert.Equal(TargetFault.AccessDenied, failure.Fault);
        var left = _store.Objects.Keys.Except(before).Select(static name => name.Value).ToList();
        Assert.Equal(2, left.Count);
        Assert.Single(left, static name => name.EndsWith("-end", StringComparison.Ordinal));
    }

    private static async Task MarkAsync(PipelineScene scene)
    {
        using var vault = await scene.UnlockAsync();
        await CondemnedMarkers.WriteAsync(vault, [new PackId(Id256.Random())], Token);
    }

    private async Task<PipelineScene> FilledAsync()
    {
        var scene = await PipelineScene.CreateAsync(_store);
        scene.WriteRandom("a.bin", 300_000, 1);
        await scene.BackUpAsync(_store);
        return scene;
    }

    /// <summary>Notes when each question is asked and when it is answered. Before that whoever has another to ask is given his turn, many times.</summary>
    private sealed class NotingTarget(Target inner) : DelegatingTarget(inner)
    {
        private readonly List<string> _notes = [];
        private readonly TaskCompletionSource _allAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal string? Refused { get; init; }

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

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            var question = await AskAsync("PUT", FolderOf(name.Value));
            var receipt = await base.PutAsync(name, content, options, cancellationToken);
            Note("answered", question);
            return receipt;
        }

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            var question = await AskAsync("READ", FolderOf(name.Value));
            await base.ReadAsync(name, offset, destination, cancellationToken);
            Note("answered", question);
        }

        public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
        {
            var question = await AskAsync("READ", FolderOf(name.Value));
            var found = await base.TryFetchAsync(name, maxBytes, cancellationToken);
            Note("answered", question);
            return found;
        }

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
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
            for (var turn = 0; turn < 1_000; turn++)
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
    }
}
