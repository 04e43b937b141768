using System.Text.Json;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Google;

/// <summary>What is known of the bucket: from the settings, or learnt in one request when the first put or lock needs it.</summary>
internal sealed class GcsPlace(GcsClient client, GcsSettings settings, GcsNaming naming) : IDisposable
{
    private const string Facts = "fields=iamConfiguration(uniformBucketLevelAccess/enabled,publicAccessPrevention),versioning/enabled,objectRetention/mode";

    private static readonly string[] Everybody = ["allUsers", "allAuthenticatedUsers"];

    private readonly SemaphoreSlim _asking = new(1);
    private bool _isAsked;

    /// <summary>Something below it was answered, so that a missing object is only that.</summary>
    public bool IsThere { get; set; }

    /// <summary>Old generations may lie in the bucket, whether more are kept now or not; a delete must take them too. Only the bucket's owner knows that there never were any.</summary>
    public bool MayHaveVersions => settings.IsVersioned != false;

    public bool? IsVersioned { get; private set; } = settings.IsVersioned;

    public bool? HasObjectRetention { get; private set; } = settings.HasObjectRetention;

    private bool IsClosed { get; set; } = settings.HasUniformAccess == true;

    /// <summary>Nothing is put into a bucket that may give single objects to others, or that everybody may read.</summary>
    public async Task RequireClosedAsync(CancellationToken cancellationToken)
    {
        if (!IsClosed)
        {
            await LearnAsync(GcsDeed.Place("The bucket's access settings cannot be read", "storage.buckets.get, or the setting uniformaccess=yes where you know it"), cancellationToken);
        }
    }

    public async Task<bool> KeepsLocksAsync(CancellationToken cancellationToken)
    {
        if (HasObjectRetention is null)
        {
            await LearnAsync(GcsDeed.Place("The bucket's retention settings cannot be read", "storage.buckets.get, or the setting objectretention=yes where you know it"), cancellationToken);
        }

        return HasObjectRetention ?? false;
    }

    public void Dispose() => _asking.Dispose();

    private async Task LearnAsync(GcsDeed deed, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_isAsked)
            {
                return;
            }

            var bucket = await AskAsync(deed, $"{naming.Bucket}?{Facts}", cancellationToken);
            IsThere = true;
            IsVersioned ??= IsOn(bucket, "versioning", "enabled");
            HasObjectRetention ??= bucket.TryGetProperty("objectRetention", out _);
            if (settings.HasUniformAccess != true)
            {
                await JudgeAccessAsync(bucket, cancellationToken);
            }

            IsClosed = true;
            _isAsked = true;
        }
        finally
        {
            _asking.Release();
        }
    }

    private async Task JudgeAccessAsync(JsonElement bucket, CancellationToken cancellationToken)
    {
        var access = bucket.TryGetProperty("iamConfiguration", out var found) ? found : default;
        if (!IsOn(access, "uniformBucketLevelAccess", "enabled"))
        {
            throw new RequestException(
                FaultCodes.TargetOptionInvalid,
                $"The bucket '{settings.Bucket}' has no uniform bucket-level access, so that single objects may be open to others; turn it on in the platform's console.");
        }

        var isPrevented = access.TryGetProperty("publicAccessPrevention", out var prevention) && prevention.GetString() is "enforced";
        if (!isPrevented && await IsOpenAsync(cancellationToken))
        {
            throw new TargetException(TargetFault.Exposed, $"Everybody may use the bucket '{settings.Bucket}': its policy names allUsers or allAuthenticatedUsers.");
        }
    }

    /// <summary>Who may not read the policy cannot tell; a check then says so.</summary>
    private async Task<bool> IsOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            var policy = await AskAsync(
                GcsDeed.Place("The bucket's policy cannot be read", "storage.buckets.getIamPolicy"), $"{naming.Bucket}/iam?fields=bindings/members", cancellationToken);
            return policy.TryGetProperty("bindings", out var bindings) && bindings.EnumerateArray().Any(static binding =>
                binding.TryGetProperty("members", out var members) && members.EnumerateArray().Any(static member => Everybody.Contains(member.GetString(), StringComparer.Ordinal)));
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            return false;
        }
    }

    private Task<JsonElement> AskAsync(GcsDeed deed, string address, CancellationToken cancellationToken) =>
        client.SendAsync(deed, new GcsRequest(HttpMethod.Get, address, RequestKind.Other), GcsJson.Default.JsonElement, cancellationToken);

    private static bool IsOn(JsonElement parent, string group, string key) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(group, out var inner) && inner.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;
}
