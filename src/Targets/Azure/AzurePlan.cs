using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Azure;

internal enum AzureStepKind
{
    Account,
    Service,
    Create,
    CreateWithLocks,
    Close,
    SetRetention,
    ExtendRetention,
    LockRetention,
    Rules,
}

/// <summary>A step of a plan, and what is sent for it: made when it is its turn, of what the store says then.</summary>
internal sealed record AzureStep(SetupChange Change, AzureStepKind Kind, Func<JsonObject?> Body);

/// <summary>What must change about a container and its account so that it is as wished. A container gets its locks when it is made, and only where versions are kept: both are one step.</summary>
internal sealed class AzurePlan
{
    private static readonly string[] ArchiveClasses = ["COOL", "COLD", "ARCHIVE"];

    private readonly AzureSettings _settings;
    private readonly AzureFacts _present;
    private readonly Dictionary<string, TargetFact> _known;
    private readonly bool _isNew;
    private readonly List<AzureStep> _steps = [];

    private AzurePlan(AzureSettings settings, AzureFacts present, IReadOnlyList<TargetFact> facts, bool isNew)
    {
        _settings = settings;
        _present = present;
        _known = facts.ToDictionary(static fact => fact.Item, StringComparer.Ordinal);
        _isNew = isNew;
    }

    public List<string> LeftOut { get; } = [];

    public IReadOnlyList<SetupChange> Changes => [.. _steps.Select(static step => step.Change)];

    public AzureStep StepOf(SetupChange change) => _steps.First(step => step.Change == change);

    /// <param name="present">Read before, the account's part at least.</param>
    /// <param name="isMade">There was no container, and there is one now: nobody else has anything in it.</param>
    public static AzurePlan Of(AzureSettings settings, AzureFacts present, SetupWishes wishes, IReadOnlyList<TargetFact> facts, bool isMade)
    {
        RequireSense(wishes);
        var isMissing = facts is [{ Item: SetupItem.Place, Value: null }];
        var plan = new AzurePlan(settings, present, isMissing ? FactsOfNew(present, wishes) : facts, isMissing || isMade);
        plan.RequireVersions(wishes);
        if (isMissing)
        {
            plan.AddCreation(wishes);
        }

        plan.AddAccount();
        plan.AddService(wishes);
        plan.AddContainer(wishes);
        plan.AddRules(wishes);
        return plan;
    }

    private static void RequireSense(SetupWishes wishes)
    {
        if (wishes is { Lock: not null, KeepsVersions: false })
        {
            throw new TargetException(TargetFault.LockNotKept, "Without versions no lock can be kept.");
        }

        if (wishes.DefaultRetentionDays is not null && wishes.Lock is null)
        {
            throw Invalid("A default retention needs the mode of its locks.");
        }

        if (wishes is { DefaultRetentionDays: not null, Lock: LockMode.Compliance, AllowsIrreversible: false })
        {
            throw Invalid("A default retention in the mode Compliance locks the container's policy, and nobody can take that back. It is set with -Irreversible alone.");
        }

        if (wishes.ArchiveClass is not null && wishes.ArchiveAfterDays is null)
        {
            throw Invalid("An archive class needs the days after which packs go there.");
        }

        if (wishes.ArchiveClass is { } name && !ArchiveClasses.Contains(name.ToUpperInvariant(), StringComparer.Ordinal))
        {
            throw Invalid($"'{name}' is no archive class of {AzureSettings.Platform}; it has Cool, Cold and Archive.");
        }

        if (wishes.KmsKey is not null)
        {
            throw Invalid($"{AzureSettings.Platform} has keys of your own for a whole account, not for a container; they are set where its vault is chosen, in the platform's console.");
        }
    }

    private static RequestException Invalid(string message) => new(FaultCodes.TargetOptionInvalid, message);

    /// <summary>What a container is after <see cref="AddCreation"/>, in the account that there is.</summary>
    private static List<TargetFact> FactsOfNew(AzureFacts present, SetupWishes wishes) =>
    [
        OfAccount(SetupItem.PublicAccessBlock, present.Account, present), OfAccount(SetupItem.TransportPolicy, present.Account, present),
        wishes.Lock is null ? OfAccount(SetupItem.Versioning, present.Service, present) : new TargetFact(SetupItem.Versioning, FactState.Known, SetupItem.On), OfAccount(SetupItem.SoftDelete, present.Service, present), OfAccount(SetupItem.Lifecycle, present.Policy, present),
        new(SetupItem.PublicAccess, FactState.Known, SetupItem.Off), new(SetupItem.ObjectLock, FactState.Known, wishes.Lock is null ? SetupItem.Off : SetupItem.On),
        new(SetupItem.DefaultRetention, FactState.Known, null),
    ];

    private static TargetFact OfAccount(string item, JsonObject? source, AzureFacts present) =>
        source is null ? new TargetFact(item, FactState.Denied, null) : new TargetFact(item, FactState.Known, present.ValueOf(item));

    private void RequireVersions(SetupWishes wishes)
    {
        if (wishes.Lock is not null && _known.GetValueOrDefault(AzureFacts.HierarchicalNamespace)?.Value is SetupItem.On)
        {
            throw new TargetException(TargetFault.LockNotKept, $"The account '{_settings.Account}' has a hierarchical namespace: it keeps no versions, so no lock can be kept.");
        }
    }

    private void AddAccount()
    {
        if (IsOff(SetupItem.PublicAccessBlock))
        {
            Add(SetupItem.PublicAccessBlock, SetupItem.Off, SetupItem.On, $"Forbid public access to all containers of the account {_settings.Account}", AzureStepKind.Account, static () => Properties("allowBlobPublicAccess", false));
        }

        if (IsOff(SetupItem.TransportPolicy))
        {
            Add(
                SetupItem.TransportPolicy,
                SetupItem.Off,
                SetupItem.On,
                $"Refuse requests to the account {_settings.Account} without TLS 1.2",
                AzureStepKind.Account,
                static () => new JsonObject { ["properties"] = new JsonObject { ["supportsHttpsTrafficOnly"] = true, ["minimumTlsVersion"] = "TLS1_2" } });
        }
    }

    private void AddService(SetupWishes wishes)
    {
        if (wishes.KeepsVersions && IsOff(SetupItem.Versioning) && _known.GetValueOrDefault(AzureFacts.HierarchicalNamespace)?.Value is not SetupItem.On)
        {
            Add(SetupItem.Versioning, SetupItem.Off, SetupItem.On, $"Keep versions of objects that are deleted or overwritten, in the account {_settings.Account}", AzureStepKind.Service, () => _present.ServiceWith(static service => service["isVersioningEnabled"] = true));
        }

        if (wishes.KeepsVersions && IsKnown(SetupItem.SoftDelete, out var kept) && AzureFacts.KeepsContainers(kept) is { } wanted)
        {
            Add(
                SetupItem.SoftDelete,
                kept,
                wanted,
                $"Keep deleted containers of the account {_settings.Account} for {AzureFacts.ContainerDays} days",
                AzureStepKind.Service,
                () => _present.ServiceWith(static service => service["containerDeleteRetentionPolicy"] = new JsonObject { ["enabled"] = true, ["days"] = AzureFacts.ContainerDays }));
        }
    }

    private void AddCreation(SetupWishes wishes)
    {
        if (wishes.Lock is not null && _present.Account is null)
        {
            throw Unseen("make a container whose versions can be locked", $"az storage container-rm create --storage-account {_settings.Account} --name {_settings.Container} --enable-vlw true");
        }

        Add(
            SetupItem.Place,
            null,
            _settings.Container,
            $"Create the private container {_settings.Container} in the account {_settings.Account}{(wishes.Lock is null ? "" : ", whose versions, which the account then keeps, can be locked; that can never be turned off")}",
            wishes.Lock is null ? AzureStepKind.Create : AzureStepKind.CreateWithLocks,
            static () => new JsonObject { ["properties"] = new JsonObject { ["publicAccess"] = "None", ["immutableStorageWithVersioning"] = new JsonObject { ["enabled"] = true } } });
    }

    private void AddContainer(SetupWishes wishes)
    {
        if (IsKnown(SetupItem.PublicAccess, out var open) && open is not SetupItem.Off)
        {
            Add(SetupItem.PublicAccess, open, SetupItem.Off, "Close the container to the public", AzureStepKind.Close, static () => Properties("publicAccess", "None"));
        }

        if (wishes.Lock is not { } mode)
        {
            return;
        }

        if (!IsKnown(SetupItem.ObjectLock, out var locks))
        {
            throw new TargetException(TargetFault.LockNotKept, $"Whether {_settings.DisplayName} can lock objects may not be asked with this credential.");
        }

        if (locks is not SetupItem.On)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"The container '{_settings.Container}' was made without locks of versions: use a new one, or move this one with 'az storage container-rm migrate-vlw'.");
        }

        AddRetention(mode, wishes);
    }

    private void AddRetention(LockMode mode, SetupWishes wishes)
    {
        if (wishes.DefaultRetentionDays is not { } days)
        {
            return;
        }

        if (!IsKnown(SetupItem.DefaultRetention, out _) || _present.Account is null)
        {
            throw Unseen("set a default retention", $"az storage container immutability-policy create --account-name {_settings.Account} --container-name {_settings.Container} --period {days}");
        }

        var now = _present.Retention();
        var (open, closed) = (AzureFacts.RetentionText(days, isLocked: false), AzureFacts.RetentionText(days, isLocked: true));
        var text = $"Keep every object for {days} days from its put on, also those that a vault wants to delete sooner";
        switch (now)
        {
            case { IsLocked: true } kept when kept.Days >= days:
                return;
            case { IsLocked: true } when !wishes.AllowsIrreversible:
                throw Invalid("The container's policy is locked: it can be lengthened, which nobody can take back. That is done with -Irreversible alone.");
            case { IsLocked: true } kept:
                Add(SetupItem.DefaultRetention, AzureFacts.RetentionText(kept.Days, isLocked: true), closed, text, AzureStepKind.ExtendRetention, () => Properties("immutabilityPeriodSinceCreationInDays", days), isIrreversible: true);
                return;
        }

        if (now?.Days != days)
        {
            var before = now is { } other ? AzureFacts.RetentionText(other.Days, isLocked: false) : null;
            var isLess = now?.Days > days;
            Add(SetupItem.DefaultRetention, before, open, isLess ? CommonRetention.Shorten(wishes, before!, open) : text, AzureStepKind.SetRetention, () => Properties("immutabilityPeriodSinceCreationInDays", days), isIrreversible: isLess);
        }

        if (mode == LockMode.Compliance)
        {
            Add(SetupItem.DefaultRetention, open, closed, "Lock that policy for ever: nobody can shorten it or take it off", AzureStepKind.LockRetention, static () => null, isIrreversible: true);
        }
    }

    private void AddRules(SetupWishes wishes)
    {
        if (!IsKnown(SetupItem.Lifecycle, out _))
        {
            if (wishes.ArchiveAfterDays is not null)
            {
                throw Unseen("set rules by which packs are moved", $"az storage account management-policy create --account-name {_settings.Account}");
            }

            return;
        }

        var isVersioned = wishes.KeepsVersions && IsKnown(SetupItem.Versioning, out var now) && (now is SetupItem.On || _steps.Exists(static step => step.Change.Item is SetupItem.Versioning));
        var prefix = $"{_settings.Container}/{_settings.Prefix}";
        var wanted = AzureLifecycle.Wanted(wishes, AzureLifecycle.RulesOf(_present.Policy), prefix, isVersioned);
        var (from, to) = (AzureLifecycle.TextOf(AzureLifecycle.OursOf(AzureLifecycle.RulesOf(_present.Policy), prefix)), AzureLifecycle.TextOf(wanted));
        if (to is null || string.Equals(from, to, StringComparison.Ordinal))
        {
            return;
        }

        if (!WholeBucket.MayBeTidied(wishes, _settings.Prefix, _isNew, out var others))
        {
            LeftOut.Add(WholeBucket.LeftOut);
            return;
        }

        Add(
            SetupItem.Lifecycle,
            from,
            to,
            $"Set lifecycle rules{(others ? WholeBucket.Text : "")}: {to}",
            AzureStepKind.Rules,
            () => AzureLifecycle.Merge(_present.RulesToKeep(), wanted, prefix),
            isIrreversible: others);
    }

    private static RequestException Unseen(string deed, string command) => new(
        FaultCodes.SetupRefused,
        $"To {deed}, the account must be reached from above: by an identity with the role Storage Account Contributor, and the settings subscription and resourcegroup. Somebody who has it can also run: {command}");

    private bool IsOff(string item) => IsKnown(item, out var value) && value is SetupItem.Off;

    private bool IsKnown(string item, out string? value)
    {
        value = _known.GetValueOrDefault(item)?.Value;
        return _known.GetValueOrDefault(item) is { State: FactState.Known };
    }

    private static JsonObject Properties(string name, JsonNode value) => new() { ["properties"] = new JsonObject { [name] = value } };

    private void Add(string item, string? from, string to, string text, AzureStepKind kind, Func<JsonObject?> body, bool isIrreversible = false) =>
        _steps.Add(new AzureStep(new SetupChange(item, from ?? "none", to, text, isIrreversible), kind, body));
}
