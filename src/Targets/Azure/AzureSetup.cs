using Azure.Core;
using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Azure;

/// <summary>A container of Azure Blob Storage, and what its account must be set to.</summary>
internal sealed class AzureSetup : TargetSetup
{
    private const string Account = "Microsoft.Storage/storageAccounts/";

    private readonly AzureSettings _settings;
    private readonly AzureCredentials _credentials;
    private readonly AzureClient _client;
    private readonly AzureNaming _naming;
    private readonly ArmClient? _arm;
    private readonly AzureFacts _facts;
    private readonly HttpClient _anonymous;
    private readonly TimeProvider _time;
    private AzurePlan? _plan;
    private bool _isMade;

    public AzureSetup(AzureSettings settings, AzureCredentials credentials, TimeProvider time)
    {
        _settings = settings;
        _credentials = credentials;
        _time = time;
        _client = new AzureClient(settings, credentials, Meter, time);
        _naming = new AzureNaming(settings.Prefix);
        _arm = ArmClient.For(_client, settings);
        _facts = new AzureFacts(_client, settings, _arm);
        _anonymous = StoreHttp.CreateClient(new HttpStoreOptions
        {
            Endpoint = settings.Endpoint,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            Meter = Meter,
            Classify = static _ => RequestKind.Other,
        });
    }

    public override IReadOnlyList<string> LeftOut => _plan?.LeftOut ?? [];

    public override Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken) => _facts.InspectAsync(cancellationToken);

    public override async Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        if (facts is [{ Item: SetupItem.Place, Value: null }])
        {
            await _facts.ReadAccountAsync(cancellationToken);
        }

        _plan = AzurePlan.Of(_settings, _facts, wishes, facts, _isMade);
        return _plan.Changes;
    }

    public override async Task ApplyAsync(SetupChange change, CancellationToken cancellationToken)
    {
        var step = _plan?.StepOf(change) ?? throw new InvalidOperationException("Nothing was planned.");
        await _facts.ReadAsync(change.Item, cancellationToken);
        if (IsMade(change, _facts.ValueOf(change.Item), _settings.DisplayName))
        {
            return;
        }

        await SendAsync(step, cancellationToken);
        await RequireKeptAsync(change, cancellationToken);
        _isMade |= change.Item is SetupItem.Place;
    }

    public override Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken) => AzureRights.FindTooWideAsync(_credentials, _arm, cancellationToken);

    public override Task<DateTimeOffset?> AskTimeAsync(CancellationToken cancellationToken) => _client.SendAsync(
        AzureDeed.List(""),
        async (container, guard) =>
        {
            await using var pages = container.GetBlobsAsync(new GetBlobsOptions { Prefix = _settings.Prefix }, guard.Token).AsPages(pageSizeHint: 1).GetAsyncEnumerator(guard.Token);
            return await pages.MoveNextAsync() ? pages.Current.GetRawResponse().Headers.Date : null;
        },
        cancellationToken);

    public override Task<bool?> IsReadableByAllAsync(ObjectName name, CancellationToken cancellationToken) => AnonymousRead.TryAsync(
        _anonymous, new Uri($"{_settings.Endpoint.OriginalString}/{_settings.Container}/{Uri.EscapeDataString(_naming.KeyOf(name))}"), _settings.StallTimeout, _time, cancellationToken);

    /// <summary>Old versions may lie in a container whose account keeps none any more: that there are none is known only of one that was made here, and where there never can be any.</summary>
    public override IReadOnlyDictionary<string, string> OptionsFrom(IReadOnlyList<TargetFact> facts)
    {
        var options = new Dictionary<string, string>(base.OptionsFrom(facts), StringComparer.Ordinal);
        if (options.GetValueOrDefault("versioning") is SetupItem.Off && !_isMade && !facts.Any(static fact => fact is { Item: AzureFacts.HierarchicalNamespace, Value: SetupItem.On }))
        {
            options.Remove("versioning");
        }

        return options;
    }

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        _anonymous.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private Task SendAsync(AzureStep step, CancellationToken cancellationToken)
    {
        var policy = $"{_facts.ContainerPath}/immutabilityPolicies/default";
        var tag = _facts.Retention()?.Tag;
        return step.Kind switch
        {
            AzureStepKind.Account => ChangeAsync(step, RequestMethod.Patch, "", "write", null, cancellationToken),
            AzureStepKind.Service => ChangeAsync(step, RequestMethod.Put, AzureFacts.BlobServices, "blobServices/write", null, cancellationToken),
            AzureStepKind.CreateWithLocks => CreateWithLocksAsync(step, cancellationToken),
            AzureStepKind.SetRetention => ChangeAsync(step, RequestMethod.Put, policy, "blobServices/containers/immutabilityPolicies/write", tag, cancellationToken),
            AzureStepKind.ExtendRetention => ChangeAsync(step, RequestMethod.Post, $"{policy}/extend", "blobServices/containers/immutabilityPolicies/extend/action", tag, cancellationToken),
            AzureStepKind.LockRetention => ChangeAsync(step, RequestMethod.Post, $"{policy}/lock", "blobServices/containers/immutabilityPolicies/lock/action", tag, cancellationToken),
            AzureStepKind.Rules => ChangeAsync(step, RequestMethod.Put, AzureFacts.ManagementPolicy, "managementPolicies/write", null, cancellationToken),
            AzureStepKind.Close when _arm is not null => ChangeAsync(step, RequestMethod.Patch, _facts.ContainerPath, "blobServices/containers/write", null, cancellationToken),
            AzureStepKind.Close => CloseAsync(cancellationToken),
            _ => _client.SendAsync(DeedOf(step, "blobServices/containers/write"), (container, guard) => container.CreateAsync(PublicAccessType.None, cancellationToken: guard.Token), cancellationToken),
        };
    }

    private Task ChangeAsync(AzureStep step, RequestMethod method, string path, string right, string? tag, CancellationToken cancellationToken) =>
        _arm!.ChangeAsync(method, path, step.Body(), tag, DeedOf(step, right), cancellationToken);

    private async Task CreateWithLocksAsync(AzureStep step, CancellationToken cancellationToken)
    {
        await _facts.ReadAsync(SetupItem.Versioning, cancellationToken);
        if (_facts.ValueOf(SetupItem.Versioning) is SetupItem.Off)
        {
            await _arm!.ChangeAsync(RequestMethod.Put, AzureFacts.BlobServices, _facts.ServiceWith(static service => service["isVersioningEnabled"] = true), null, DeedOf(step, "blobServices/write"), cancellationToken);
        }

        await ChangeAsync(step, RequestMethod.Put, _facts.ContainerPath, "blobServices/containers/write", null, cancellationToken);
    }

    /// <summary>The container's own policies stay: they stand in the same place.</summary>
    private Task<BlobContainerInfo> CloseAsync(CancellationToken cancellationToken) => _client.SendAsync(
        AzureDeed.Place($"{SetupItem.PublicAccess} cannot be set", $"{Account}blobServices/containers/write"),
        async (container, guard) =>
        {
            var present = (await container.GetAccessPolicyAsync(cancellationToken: guard.Token)).Value;
            return (await container.SetAccessPolicyAsync(PublicAccessType.None, present.SignedIdentifiers, new BlobRequestConditions { IfUnmodifiedSince = present.LastModified }, guard.Token)).Value;
        },
        cancellationToken);

    private static AzureDeed DeedOf(AzureStep step, string right) => AzureDeed.Place($"{step.Change.Item} cannot be set", Account + right);

    /// <summary>Never the platform's word for it that it has done as it was told.</summary>
    private async Task RequireKeptAsync(SetupChange change, CancellationToken cancellationToken)
    {
        await _facts.ReadAsync(change.Item, cancellationToken);
        var now = change.Item switch
        {
            SetupItem.Place => (await _facts.ReadContainerAsync(cancellationToken)).PublicAccess is PublicAccessType.None ? _settings.Container : null,
            SetupItem.PublicAccess => (await _facts.ReadContainerAsync(cancellationToken)).PublicAccess is PublicAccessType.None ? SetupItem.Off : SetupItem.On,
            SetupItem.Lifecycle => AzureLifecycle.TextOf(AzureLifecycle.OursOf(AzureLifecycle.RulesOf(_facts.Policy), $"{_settings.Container}/{_settings.Prefix}")) ?? "none",
            var item => _facts.ValueOf(item),
        };
        if (!string.Equals(now, change.To, StringComparison.Ordinal))
        {
            var message = $"{change.Item} of {_settings.DisplayName} was set to {change.To}, and the platform says {now ?? "none"}.";
            throw change.Item is SetupItem.DefaultRetention ? new TargetException(TargetFault.LockNotKept, message) : new RequestException(FaultCodes.SetupRefused, message);
        }
    }
}
