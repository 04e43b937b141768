using SecureBackup.Engine.Faults;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;
using SecureBackup.Targets.Setup;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Makes a place, or hardens the one that is there: one change after the other, each asked for, made, read back and handed out. What was made stands, whatever fails later. Named by
/// <see cref="RemotePlaces"/> alone.
/// </summary>
internal sealed class PlaceWork(TargetSetup setup, PlaceOrder order, string subject, Func<string, bool, Task<PlaceAnswer>> ask, PipelineGate gate)
{
    /// <summary>What everybody's place should have.</summary>
    private static readonly string[] Hardening =
    [
        SetupItem.PublicAccessBlock, SetupItem.UniformAccess, SetupItem.ObjectOwnership, SetupItem.TransportPolicy, SetupItem.Encryption, SetupItem.Versioning, SetupItem.ObjectLock,
        SetupItem.Lifecycle,
    ];

    private readonly List<string> _made = [];
    private Queue<SetupChange> _plan = [];
    private IReadOnlyList<TargetFact> _facts = [];
    private bool _isTrial;
    private bool _isMissing;

    /// <summary>Was sent, and has not been read back.</summary>
    private SetupChange? _sent;

    /// <summary>What was found out of the place before need not hold any more.</summary>
    private bool _isOther;

    /// <returns>What a registered target should know from now on; null where it learns nothing.</returns>
    public async Task<PlaceLessons?> RunAsync(CancellationToken cancellationToken)
    {
        await PlanAsync(cancellationToken);
        Tell();
        var planned = _plan.Select(static change => change.Item).ToHashSet(StringComparer.Ordinal);
        while (_plan.TryPeek(out var change))
        {
            try
            {
                await MakeAsync(change, cancellationToken);
            }
            catch (BackupException exception)
            {
                Fail(exception);
                return await LearnAfterFailureAsync(cancellationToken);
            }
        }

        if (!_isTrial && !_isMissing)
        {
            _facts = await setup.InspectAsync(cancellationToken);
        }

        if (!_isMissing && ExposureIn(_facts) is { } exposure && !(_isTrial && planned.Overlaps([SetupItem.PublicAccess, SetupItem.PublicAccessBlock])))
        {
            gate.WriteError(ErrorRecordFactory.From(
                new TargetException(TargetFault.Exposed, $"Everybody may reach {subject}: {exposure}.") { Remedy = "Take that off the place in the platform's console; this module cannot." }, subject));
        }

        return Lessons();
    }

    private PlaceLessons? Lessons() => _isTrial || _isMissing
        ? null
        : new PlaceLessons(setup.OptionsFrom(_facts), _isOther);

    /// <summary>What was made before it failed is so, what failed may be, and a target that does not know it would delete and put as if it were not.</summary>
    private async Task<PlaceLessons?> LearnAfterFailureAsync(CancellationToken cancellationToken)
    {
        if (_made.Count == 0 && _sent is null)
        {
            return null;
        }

        try
        {
            _facts = await setup.InspectAsync(cancellationToken);
        }
        catch (BackupException exception)
        {
            gate.WriteWarning($"{subject}: what is so now cannot be looked up ({exception.Message}); run Test-BackupTarget when it can be.");
            var isVersioned = _made.Contains(SetupItem.Versioning, StringComparer.Ordinal);
            return new PlaceLessons(isVersioned ? new Dictionary<string, string>(StringComparer.Ordinal) { ["versioning"] = SetupItem.On } : [], _isOther);
        }

        return Lessons();
    }

    private async Task PlanAsync(CancellationToken cancellationToken)
    {
        _facts = await setup.InspectAsync(cancellationToken);
        var wishes = new SetupWishes
        {
            Lock = order.Lock,
            DefaultRetentionDays = order.DefaultRetentionDays,
            ArchiveAfterDays = order.ArchiveAfterDays,
            ArchiveClass = order.ArchiveClass,
            KmsKey = order.KmsKey,
            KeepsVersions = order.KeepsVersions,
            NoncurrentDays = order.NoncurrentDays,
            AllowsIrreversible = order.AllowsIrreversible,
        };
        var plan = await setup.PlanAsync(wishes, _facts, cancellationToken);
        _isMissing = plan is [{ Item: SetupItem.Place }, ..];
        RequireOffered(SetupItem.Encryption, order.KmsKey is not null, "-KmsKey");
        RequireOffered(SetupItem.Lifecycle, order.ArchiveAfterDays is not null, "-ArchiveAfterDays");
        if (plan.FirstOrDefault(static change => change.IsIrreversible) is { } final && !order.AllowsIrreversible)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, $"{final.Text}: nobody can take that back. It is done with -Irreversible alone.");
        }

        _plan = new Queue<SetupChange>(plan);
    }

    /// <summary>What was asked for by name is not passed over.</summary>
    private void RequireOffered(string item, bool isWished, string parameter)
    {
        if (isWished && !_isMissing && StateOf(item) is var state and not FactState.Known)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"{parameter}: {(state == FactState.Denied ? $"this credential may not look at {item} of {subject}" : $"{subject} has no {item}")}.") { Remedy = "Leave the parameter out, or use a credential that may." };
        }
    }

    private FactState StateOf(string item) => _facts.FirstOrDefault(fact => string.Equals(fact.Item, item, StringComparison.Ordinal))?.State ?? FactState.NotOffered;

    /// <summary>What stays as it is, and why.</summary>
    private void Tell()
    {
        foreach (var (state, text) in new[] { (FactState.Denied, "This credential may not look at"), (FactState.NotOffered, "The platform does not offer") })
        {
            var facts = _isMissing ? [] : _facts.Where(fact => fact.State == state && Hardening.Contains(fact.Item, StringComparer.Ordinal)).ToList();
            if (facts.Count > 0)
            {
                var commands = string.Join("; ", facts.Where(static fact => fact.Value is not null).Select(static fact => fact.Value));
                gate.WriteWarning($"{subject}: {text} {string.Join(", ", facts.Select(static fact => fact.Item))}: nothing of it is changed.{(commands.Length == 0 ? "" : $" Somebody who may can run: {commands}")}");
            }
        }

        foreach (var sentence in setup.LeftOut)
        {
            gate.WriteWarning($"{subject}: {sentence}");
        }
    }

    private async Task MakeAsync(SetupChange change, CancellationToken cancellationToken)
    {
        // Of a place that nobody wants to be made, nothing can be set.
        var answer = _isMissing && !_isTrial && change.Item is not SetupItem.Place ? PlaceAnswer.No : await ask(change.Text, change.IsIrreversible);
        _isTrial |= answer == PlaceAnswer.Trial;
        if (answer == PlaceAnswer.Yes)
        {
            if (change.Item is SetupItem.Versioning or SetupItem.Place)
            {
                // A crash from here on leaves a target that asks; one that knew better would delete and put as if nothing had changed.
                await order.ForgetAsync(cancellationToken);
                _isOther = true;
            }

            _sent = change;
            await setup.ApplyAsync(change, cancellationToken);
            _sent = null;
            _made.Add(change.Item);
        }

        _plan.Dequeue();
        Write(change, answer == PlaceAnswer.Yes);
        if (answer == PlaceAnswer.Yes && change.Item is SetupItem.Place)
        {
            // What was planned for a place that was not there were assumptions.
            await PlanAsync(cancellationToken);
            Tell();
        }
    }

    private void Fail(BackupException exception)
    {
        var rest = _plan.ToList();
        for (var i = 0; i < rest.Count; i++)
        {
            Write(rest[i], isDone: false, i == 0 ? exception.Code.ToString() : null);
        }

        // Whether it was done, nobody said.
        var open = exception.IsTransient ? _sent : null;
        List<string> said =
        [
            _made.Count > 0 ? $"made, and standing: {string.Join(", ", _made)}" : open is null ? "nothing was changed" : "",
            open is null ? "" : $"not known whether made: {open.Item}",
            rest.Count == (open is null ? 0 : 1) ? "" : $"not made: {string.Join(", ", rest.Skip(open is null ? 0 : 1).Select(static change => change.Item))}",
        ];
        gate.WriteWarning($"{subject}: {string.Join("; ", said.Where(static part => part.Length > 0))}. The next run goes on from there.");
        gate.WriteError(ErrorRecordFactory.From(exception, subject));
    }

    private void Write(SetupChange change, bool isDone, string? code = null) =>
        gate.WriteObject(new BackupTargetChange(subject, change.Item, change.From, change.To, change.IsIrreversible) { IsDone = isDone, Code = code });

    private static string? ExposureIn(IReadOnlyList<TargetFact> facts) => facts.FirstOrDefault(static fact => fact is { Item: SetupItem.PublicAccess, State: FactState.Known, Value: not (null or SetupItem.Off) })?.Value;
}

/// <param name="Options">Of the place as it is now.</param>
/// <param name="IsOther">What was tried of the place before may be otherwise now.</param>
internal sealed record PlaceLessons(IReadOnlyDictionary<string, string> Options, bool IsOther);
