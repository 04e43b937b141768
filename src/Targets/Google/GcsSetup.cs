using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Google;

/// <summary>A bucket of Google Cloud Storage.</summary>
internal sealed class GcsSetup : TargetSetup
{
    private const string ChangeRight = "storage.buckets.update";

    /// <summary>With these a host could weaken what it was made to fill.</summary>
    private static readonly string[] TooWide =
        [ChangeRight, "storage.buckets.setIamPolicy", "storage.buckets.delete", "storage.objects.overrideUnlockedRetention", "storage.objects.setIamPolicy"];

    private readonly GcsSettings _settings;
    private readonly GcsClient _client;
    private readonly GcsNaming _naming;
    private readonly GcsFacts _facts;
    private readonly HttpClient _anonymous;
    private readonly TimeProvider _time;
    private GcsPlan? _plan;
    private bool _isMade;

    public GcsSetup(GcsSettings settings, GcsTokens tokens, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _client = new GcsClient(settings, tokens, Meter, time);
        _naming = new GcsNaming(settings);
        _facts = new GcsFacts(_client, settings, _naming);
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

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        _plan = GcsPlan.Of(_settings, _facts, wishes, facts, _isMade);
        return Task.FromResult(_plan.Changes);
    }

    public override async Task ApplyAsync(SetupChange change, CancellationToken cancellationToken)
    {
        var step = _plan?.StepOf(change) ?? throw new InvalidOperationException("Nothing was planned.");
        var isCreation = step.Kind is GcsStepKind.Create or GcsStepKind.CreateWithLocks;
        if (!isCreation)
        {
            await _facts.ReadAsync(cancellationToken);
            if (IsMade(change, _facts.ValueOf(change.Item), _settings.DisplayName))
            {
                return;
            }
        }

        try
        {
            await _client.SendAsync(GcsDeed.Place($"{change.Item} cannot be set", isCreation ? "storage.buckets.create" : ChangeRight), RequestOf(step), cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PreconditionFailed)
        {
            throw new TargetException(TargetFault.Unavailable, $"The settings of {_settings.DisplayName} were changed by somebody else at the same moment.", exception);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.Unsupported || (isCreation && exception.Fault == TargetFault.Unavailable && exception.Message.Contains("(conflict", StringComparison.Ordinal)))
        {
            throw new RequestException(FaultCodes.SetupRefused, exception.Message, exception);
        }

        await RequireKeptAsync(change, cancellationToken);
        _isMade |= isCreation;
    }

    public override async Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken)
    {
        var query = string.Join('&', TooWide.Select(static right => $"permissions={right}"));
        var held = await _client.SendAsync(
            GcsDeed.Place("Rights cannot be asked for", "storage.buckets.testIamPermissions"), new GcsRequest(HttpMethod.Get, $"{_naming.Bucket}/iam/testPermissions?{query}", RequestKind.Other), GcsJson.Default.JsonObject, cancellationToken);
        var given = (held["permissions"] as JsonArray ?? []).Select(static right => right?.ToString()).ToHashSet(StringComparer.Ordinal);
        return [.. TooWide.Where(given.Contains)];
    }

    public override async Task<DateTimeOffset?> AskTimeAsync(CancellationToken cancellationToken) => await _client.SendAsync(
        GcsDeed.List(""),
        new GcsRequest(HttpMethod.Get, $"{_naming.Bucket}/o?prefix={Uri.EscapeDataString(_settings.Prefix)}&maxResults=1&fields=nextPageToken", RequestKind.List),
        static answer => Task.FromResult<DateTimeOffset?>(answer.Date),
        cancellationToken);

    public override Task<bool?> IsReadableByAllAsync(ObjectName name, CancellationToken cancellationToken) =>
        AnonymousRead.TryAsync(_anonymous, new Uri(_settings.Endpoint, _naming.Object(name, "fields=size")), _settings.StallTimeout, _time, cancellationToken);

    public override IReadOnlyDictionary<string, string> OptionsFrom(IReadOnlyList<TargetFact> facts)
    {
        var options = new Dictionary<string, string>(base.OptionsFrom(facts), StringComparer.Ordinal);

        // Old generations may lie in a bucket whose versions were turned off, and no answer tells a target that they were turned on since: each delete looks.
        if (options.GetValueOrDefault("versioning") is SetupItem.Off)
        {
            options.Remove("versioning");
        }

        if (Known(SetupItem.ObjectLock) is { } locks)
        {
            options["objectretention"] = locks is SetupItem.On ? "yes" : "no";
        }

        // With yes no put looks any more whether the bucket is open: only one that is known to be closed to everybody gets it, and one that is open again loses it.
        if (Known(SetupItem.UniformAccess) is { } uniform && Known(SetupItem.PublicAccess) is { } open)
        {
            options["uniformaccess"] = uniform is SetupItem.On && open is SetupItem.Off ? "yes" : "no";
        }

        string? Known(string item) => facts.FirstOrDefault(fact => fact.State == FactState.Known && string.Equals(fact.Item, item, StringComparison.Ordinal))?.Value;
        return options;
    }

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        _anonymous.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private GcsRequest RequestOf(GcsStep step)
    {
        var condition = $"ifMetagenerationMatch={_facts.Bucket["metageneration"]}";
        return step.Kind switch
        {
            GcsStepKind.Patch => new GcsRequest(HttpMethod.Patch, $"{_naming.Bucket}?{condition}", RequestKind.Other) { Content = _ => GcsClient.JsonOf(step.Patch(), GcsJson.Default.JsonObject) },
            GcsStepKind.LockRetention => new GcsRequest(HttpMethod.Post, $"{_naming.Bucket}/lockRetentionPolicy?{condition}", RequestKind.Other),
            _ => new GcsRequest(HttpMethod.Post, $"storage/v1/b?project={Uri.EscapeDataString(_settings.Project!)}{(step.Kind == GcsStepKind.CreateWithLocks ? "&enableObjectRetention=true" : "")}", RequestKind.Other)
            {
                Content = _ => GcsClient.JsonOf(step.Patch(), GcsJson.Default.JsonObject),
            },
        };
    }

    /// <summary>Never the store's word for it that it has done as it was told.</summary>
    private async Task RequireKeptAsync(SetupChange change, CancellationToken cancellationToken)
    {
        await _facts.ReadAsync(cancellationToken);
        var now = change.Item is SetupItem.Lifecycle ? GcsLifecycle.TextOf(GcsLifecycle.AtPlace(GcsLifecycle.RulesOf(_facts.Bucket), _settings.Prefix)) : _facts.ValueOf(change.Item);
        if (!string.Equals(now, change.To, StringComparison.Ordinal))
        {
            var message = $"{change.Item} of {_settings.DisplayName} was set to {change.To}, and the store says {now ?? "none"}.";
            throw change.Item is SetupItem.DefaultRetention ? new TargetException(TargetFault.LockNotKept, message) : new RequestException(FaultCodes.SetupRefused, message);
        }
    }
}
