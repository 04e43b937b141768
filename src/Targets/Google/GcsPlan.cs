using System.Globalization;
using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Google;

/// <summary>A step of a plan: what a bucket's resource is patched with, or the one request that is no patch.</summary>
internal sealed record GcsStep(SetupChange Change, Func<JsonObject> Patch, GcsStepKind Kind = GcsStepKind.Patch);

internal enum GcsStepKind
{
    Patch,
    Create,
    CreateWithLocks,
    LockRetention,
}

/// <summary>What must change about a bucket so that it is as wished: closed to the public, its rights in one place, versioned, tidy.</summary>
internal sealed class GcsPlan
{
    private readonly GcsSettings _settings;
    private readonly GcsFacts _present;
    private readonly bool _isNew;
    private readonly List<GcsStep> _steps = [];

    private GcsPlan(GcsSettings settings, GcsFacts present, bool isNew)
    {
        _settings = settings;
        _present = present;
        _isNew = isNew;
    }

    public List<string> LeftOut { get; } = [];

    public IReadOnlyList<SetupChange> Changes => [.. _steps.Select(static step => step.Change)];

    public GcsStep StepOf(SetupChange change) => _steps.First(step => step.Change == change);

    /// <param name="isMade">There was no bucket, and there is one now: nobody else has anything in it.</param>
    public static GcsPlan Of(GcsSettings settings, GcsFacts present, SetupWishes wishes, IReadOnlyList<TargetFact> facts, bool isMade)
    {
        RequireSense(wishes, settings);
        var isMissing = facts is [{ Item: SetupItem.Place, Value: null }];
        var plan = new GcsPlan(settings, present, isMissing || isMade);
        if (isMissing)
        {
            plan.AddCreation(wishes);
            facts = FactsOfNew(wishes);
        }

        var known = facts.ToDictionary(static fact => fact.Item, StringComparer.Ordinal);
        plan.AddPrivacy(known);
        plan.AddEncryption(wishes, known);
        plan.AddVersions(wishes, known);
        plan.AddRetention(wishes, known);
        plan.AddLifecycle(wishes, known);
        return plan;
    }

    private static void RequireSense(SetupWishes wishes, GcsSettings settings)
    {
        if (wishes.DefaultRetentionDays is not null && wishes.Lock is null)
        {
            throw Invalid("A default retention needs the mode of its locks.");
        }

        if (wishes is { DefaultRetentionDays: not null, Lock: LockMode.Compliance, AllowsIrreversible: false })
        {
            throw Invalid("A default retention in the mode Compliance locks the bucket's policy, and nobody can take that back. It is set with -Irreversible alone.");
        }

        if (wishes.ArchiveClass is not null && wishes.ArchiveAfterDays is null)
        {
            throw Invalid("An archive class needs the days after which packs go there.");
        }

        if (wishes.ArchiveAfterDays is not null && settings.Autoclass == true)
        {
            throw Invalid("With autoclass the platform itself chooses the class of each object; no rule can move packs.");
        }

        if (wishes.ArchiveClass is { } name && name.ToUpperInvariant() is not ("NEARLINE" or "COLDLINE" or "ARCHIVE"))
        {
            throw Invalid($"'{name}' is no archive class of {GcsSettings.Platform}; it has NEARLINE, COLDLINE and ARCHIVE.");
        }
    }

    private static RequestException Invalid(string message) => new(FaultCodes.TargetOptionInvalid, message);

    private static JsonObject Closed() => new() { ["uniformBucketLevelAccess"] = new JsonObject { ["enabled"] = true }, ["publicAccessPrevention"] = "enforced" };

    /// <summary>What a bucket is after <see cref="AddCreation"/>.</summary>
    private static List<TargetFact> FactsOfNew(SetupWishes wishes) =>
    [
        new(SetupItem.UniformAccess, FactState.Known, SetupItem.On), new(SetupItem.PublicAccessBlock, FactState.Known, SetupItem.On), new(SetupItem.Encryption, FactState.Known, null),
        new(SetupItem.Versioning, FactState.Known, wishes.KeepsVersions ? SetupItem.On : SetupItem.Off), new(SetupItem.ObjectLock, FactState.Known, wishes.Lock is null ? SetupItem.Off : SetupItem.On),
        new(SetupItem.DefaultRetention, FactState.Known, null), new(SetupItem.Lifecycle, FactState.Known, null), new(GcsFacts.Autoclass, FactState.Known, SetupItem.Off),
    ];

    /// <summary>Where a bucket lies can never be changed, and the platform's own choice is another continent for most: both that and the project are asked for.</summary>
    private void AddCreation(SetupWishes wishes)
    {
        if (_settings.Location is not { } location || _settings.Project is null)
        {
            throw Invalid($"There is no bucket '{_settings.Bucket}'. To make it, the settings region (as in europe-west3) and project are needed.");
        }

        var body = new JsonObject
        {
            ["name"] = _settings.Bucket,
            ["location"] = location,
            ["iamConfiguration"] = Closed(),
            ["versioning"] = new JsonObject { ["enabled"] = wishes.KeepsVersions },
        };
        Add(
            SetupItem.Place,
            null,
            _settings.Bucket,
            $"Create the private bucket {_settings.Bucket} in {location}, with one policy for all its objects{(wishes.KeepsVersions ? ", old versions kept" : "")}{(wishes.Lock is null ? "" : " and object retention")}",
            () => body,
            kind: wishes.Lock is null ? GcsStepKind.Create : GcsStepKind.CreateWithLocks);
    }

    private void AddPrivacy(Dictionary<string, TargetFact> known)
    {
        if (IsKnown(known, SetupItem.UniformAccess, out var uniform) && uniform is SetupItem.Off)
        {
            Add(SetupItem.UniformAccess, uniform, SetupItem.On, "Turn access lists of single objects off: the bucket's policy decides alone", static () => new JsonObject { ["iamConfiguration"] = new JsonObject { ["uniformBucketLevelAccess"] = new JsonObject { ["enabled"] = true } } });
        }

        if (IsKnown(known, SetupItem.PublicAccessBlock, out var block) && block is SetupItem.Off)
        {
            Add(SetupItem.PublicAccessBlock, block, SetupItem.On, "Prevent all public access", static () => new JsonObject { ["iamConfiguration"] = new JsonObject { ["publicAccessPrevention"] = "enforced" } });
        }
    }

    private void AddEncryption(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (wishes.KmsKey is { } key && IsKnown(known, SetupItem.Encryption, out var now) && !string.Equals(now, key, StringComparison.Ordinal))
        {
            Add(SetupItem.Encryption, now, key, $"Encrypt objects at rest by the key {key}", () => new JsonObject { ["encryption"] = new JsonObject { ["defaultKmsKeyName"] = key } });
        }
    }

    private void AddVersions(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (wishes.KeepsVersions && IsKnown(known, SetupItem.Versioning, out var now) && now is SetupItem.Off)
        {
            Add(SetupItem.Versioning, now, SetupItem.On, "Keep versions of objects that are deleted or overwritten", static () => new JsonObject { ["versioning"] = new JsonObject { ["enabled"] = true } });
        }

        if (_settings.Autoclass is { } wanted && IsKnown(known, GcsFacts.Autoclass, out var autoclass) && (autoclass is SetupItem.On) != wanted)
        {
            Add(GcsFacts.Autoclass, autoclass, wanted ? SetupItem.On : SetupItem.Off, $"Turn autoclass {(wanted ? "on" : "off")}", () => new JsonObject { ["autoclass"] = new JsonObject { ["enabled"] = wanted } });
        }
    }

    private void AddRetention(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (wishes.Lock is not { } mode)
        {
            return;
        }

        if (!IsKnown(known, SetupItem.ObjectLock, out var locks))
        {
            throw new TargetException(TargetFault.LockNotKept, $"Whether {_settings.DisplayName} can lock objects may not be asked with this credential.");
        }

        if (locks is not SetupItem.On)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"The bucket '{_settings.Bucket}' was made without object retention, which can only be turned on when a bucket is made: use a new one.");
        }

        if (wishes.DefaultRetentionDays is not { } days)
        {
            return;
        }

        var now = known[SetupItem.DefaultRetention].Value;
        var (open, closed) = (GcsFacts.RetentionText(days, isLocked: false), GcsFacts.RetentionText(days, isLocked: true));
        if (_present.IsRetentionLocked)
        {
            Lengthen(days, now, closed);
            return;
        }

        if (!string.Equals(now, open, StringComparison.Ordinal))
        {
            var isLess = now is not null && days * 86400L < _present.RetentionSeconds;
            var text = isLess ? CommonRetention.Shorten(wishes, now!, open) : $"Keep every object for {days} days from its put on, also those that a vault wants to delete sooner";
            Add(SetupItem.DefaultRetention, now, open, text, () => Retention(days), isIrreversible: isLess);
            now = open;
        }

        if (mode == LockMode.Compliance)
        {
            Add(SetupItem.DefaultRetention, now, closed, $"Lock that policy for ever: nobody can shorten it or take it off, and the bucket stays until its last object may go", static () => [], isIrreversible: true, GcsStepKind.LockRetention);
        }
    }

    /// <summary>A locked policy can only become longer, and stays so for ever.</summary>
    private void Lengthen(int days, string? now, string closed)
    {
        var seconds = days * 86400L;
        if (seconds < _present.RetentionSeconds)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"The bucket's retention policy ({now}) is locked, and nobody can shorten it to {days} days.");
        }

        if (seconds > _present.RetentionSeconds)
        {
            Add(SetupItem.DefaultRetention, now, closed, $"Lengthen the locked policy for ever: every object is kept for {days} days from its put on, also those that are there", () => Retention(days), isIrreversible: true);
        }
    }

    private static JsonObject Retention(int days) =>
        new() { ["retentionPolicy"] = new JsonObject { ["retentionPeriod"] = (days * 86400L).ToString(CultureInfo.InvariantCulture) } };

    private void AddLifecycle(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (!IsKnown(known, SetupItem.Lifecycle, out _))
        {
            return;
        }

        var isVersioned = wishes.KeepsVersions && known.GetValueOrDefault(SetupItem.Versioning) is { State: FactState.Known };
        var present = GcsLifecycle.RulesOf(_present.Bucket);
        var after = GcsLifecycle.After(present, wishes, _settings.Prefix, isVersioned);
        if (after.SequenceEqual(present))
        {
            return;
        }

        if (!WholeBucket.MayBeTidied(wishes, _settings.Prefix, _isNew, out var others))
        {
            LeftOut.Add(WholeBucket.LeftOut);
            return;
        }

        var (now, then) = (GcsLifecycle.TextOf(GcsLifecycle.AtPlace(present, _settings.Prefix)), GcsLifecycle.TextOf(GcsLifecycle.AtPlace(after, _settings.Prefix))!);
        Add(
            SetupItem.Lifecycle,
            now,
            then,
            $"Set lifecycle rules{(others ? WholeBucket.Text : "")}: {then}",
            () => new JsonObject { ["lifecycle"] = new JsonObject { ["rule"] = GcsLifecycle.ArrayOf(GcsLifecycle.After(GcsLifecycle.RulesOf(_present.Bucket), wishes, _settings.Prefix, isVersioned)) } },
            isIrreversible: others);
    }

    private static bool IsKnown(Dictionary<string, TargetFact> known, string item, out string? value)
    {
        value = known.GetValueOrDefault(item)?.Value;
        return known.GetValueOrDefault(item) is { State: FactState.Known };
    }

    private void Add(string item, string? from, string to, string text, Func<JsonObject> patch, bool isIrreversible = false, GcsStepKind kind = GcsStepKind.Patch) =>
        _steps.Add(new GcsStep(new SetupChange(item, from ?? "none", to, text, isIrreversible), patch, kind));
}
