using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.WebDav;

/// <summary>The folder itself. What is missing is made; who may see it is the server's to say.</summary>
internal sealed class WebDavSetup : TargetSetup
{
    private const string Doing = "The folder cannot be looked up";

    private readonly DavSettings _settings;
    private readonly TimeProvider _time;
    private readonly DavClient _client;
    private readonly HttpClient _anonymous;

    public WebDavSetup(DavSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _client = new DavClient(settings with { Folder = "" }, Meter, time);
        _anonymous = StoreHttp.CreateClient(new HttpStoreOptions
        {
            Endpoint = settings.Server,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            Meter = Meter,
            Classify = static _ => RequestKind.Other,
        });
    }

    public override async Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken)
    {
        if (await _client.FindAsync(Doing, _settings.Folder, isFolder: true, cancellationToken, asksRoom: true) is not [{ IsFolder: true } found, ..])
        {
            return [new TargetFact(SetupItem.Place, FactState.Known, null)];
        }

        return
        [
            new TargetFact(SetupItem.Place, FactState.Known, found.Path),
            new TargetFact(SetupItem.Versioning, FactState.NotOffered, null),
            new TargetFact(SetupItem.ObjectLock, FactState.NotOffered, null),
            new TargetFact(SetupItem.TransportPolicy, FactState.NotOffered, null),
            new TargetFact(SetupItem.Room, found.RoomBytes is null ? FactState.NotOffered : FactState.Known, found.RoomBytes?.ToString(CultureInfo.InvariantCulture)),
        ];
    }

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        FolderWishes.Require(wishes, DavSettings.Platform);
        return Task.FromResult(FolderWishes.Plan(facts, _settings.DisplayName));
    }

    /// <summary>From the deepest folder that is there: those above it may be none that the server shows.</summary>
    public override async Task ApplyAsync(SetupChange change, CancellationToken cancellationToken)
    {
        var parts = _settings.Folder.Split('/');
        var there = parts.Length - 1;
        while (there > 0 && await _client.FindAsync(Doing, string.Join('/', parts[..there]), isFolder: true, cancellationToken, asksRoom: true) is not [{ IsFolder: true }, ..])
        {
            there--;
        }

        for (var count = there + 1; count <= parts.Length; count++)
        {
            var folder = string.Join('/', parts[..count]);
            await _client.SendAsync(
                $"The folder '{folder}' cannot be made", DavClient.MkCol, _client.AddressOf(folder, isFolder: true), cancellationToken, null, System.Net.HttpStatusCode.Created);
        }

        if (await _client.FindAsync(Doing, _settings.Folder, isFolder: true, cancellationToken, asksRoom: true) is not [{ IsFolder: true }, ..])
        {
            throw new TargetException(TargetFault.PlaceMissing, $"There is no folder {_settings.DisplayName}, though the server made it.");
        }
    }

    public override Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken) => Task.FromResult(FolderWishes.RightsTooWide(_settings.EnforcesWriteOnce));

    /// <summary>In every answer, a refusal too.</summary>
    public override Task<DateTimeOffset?> AskTimeAsync(CancellationToken cancellationToken) => _client.SendAsync(
        "The time cannot be asked for", _ => new HttpRequestMessage(HttpMethod.Options, _client.AddressOf(_settings.Folder, isFolder: true)), static (answer, _) => Task.FromResult(answer.Headers.Date), cancellationToken);

    public override Task<bool?> IsReadableByAllAsync(ObjectName name, CancellationToken cancellationToken) =>
        AnonymousRead.TryAsync(_anonymous, _client.AddressOf($"{_settings.Folder}/{name}".TrimStart('/')), _settings.StallTimeout, _time, cancellationToken);

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        _anonymous.Dispose();
        return ValueTask.CompletedTask;
    }
}
