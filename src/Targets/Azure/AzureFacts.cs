using System.Globalization;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// What a container and its account are set to. The account itself is seen by the resource manager alone: where that cannot be asked, its items are denied, and say with
/// which command somebody who may can see to them.
/// </summary>
internal sealed class AzureFacts(AzureClient client, AzureSettings settings, ArmClient? arm)
{
    /// <summary>Where it is on, the account keeps neither versions nor locks of them.</summary>
    public const string HierarchicalNamespace = "HierarchicalNamespace";

    public const string AccountReadRight = "Microsoft.Storage/storageAccounts/read";
    public const string BlobServices = "/blobServices/default";
    public const string ManagementPolicy = "/managementPolicies/default";

    public const int ContainerDays = 90;

    private const string ServiceReadRight = "Microsoft.Storage/storageAccounts/blobServices/read";
    private const string NoPolicy = "ManagementPolicyNotFound";
    private const string PolicyReadRight = "Microsoft.Storage/storageAccounts/managementPolicies/read";
    private const string ContainerReadRight = "Microsoft.Storage/storageAccounts/blobServices/containers/read";

    private static readonly string[] Lacking = [SetupItem.Owner, SetupItem.UniformAccess, SetupItem.UnfinishedUploads, SetupItem.Room];

    /// <summary>As they were last read; null where that was refused.</summary>
    public JsonObject? Account { get; private set; }

    public JsonObject? Service { get; private set; }

    public JsonObject? Policy { get; private set; }

    /// <summary>Of the container, by the resource manager.</summary>
    public JsonObject? Container { get; private set; }

    public string ContainerPath => $"{BlobServices}/containers/{settings.Container}";

    public async Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken)
    {
        BlobContainerProperties? seen = null;
        try
        {
            seen = await ReadContainerAsync(cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PlaceMissing)
        {
            return [new TargetFact(SetupItem.Place, FactState.Known, null)];
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            // A signature of the container alone may not ask for its settings.
        }

        await ReadAccountAsync(cancellationToken);
        Container = await TryFindAsync(ContainerPath, ContainerReadRight, cancellationToken);
        var info = await TryAskAccountAsync(cancellationToken);
        var isHierarchical = Bool(Account?["properties"]?["isHnsEnabled"]) ?? info?.IsHierarchicalNamespaceEnabled;
        return
        [
            new TargetFact(SetupItem.Place, FactState.Known, settings.Container),
            Of(SetupItem.Region, Account, ValueOf(SetupItem.Region), "az storage account show --name {0} --query location"),
            new TargetFact(SetupItem.Encryption, FactState.Known, ValueOf(SetupItem.Encryption) ?? "AES-256"),
            VersioningOf(isHierarchical, seen),
            seen is null && Container is null
                ? new TargetFact(SetupItem.ObjectLock, FactState.Denied, null)
                : new TargetFact(SetupItem.ObjectLock, FactState.Known, seen?.HasImmutableStorageWithVersioning == true || HasLocks() ? SetupItem.On : SetupItem.Off),
            seen is { HasImmutabilityPolicy: false } && Container is null
                ? new TargetFact(SetupItem.DefaultRetention, FactState.Known, null)
                : Of(SetupItem.DefaultRetention, Container, ValueOf(SetupItem.DefaultRetention), "az storage container immutability-policy show --account-name {0} --container-name {1}"),
            PublicOf(seen),
            Of(SetupItem.PublicAccessBlock, Account, ValueOf(SetupItem.PublicAccessBlock), "az storage account update --name {0} --allow-blob-public-access false"),
            Of(SetupItem.TransportPolicy, Account, ValueOf(SetupItem.TransportPolicy), "az storage account update --name {0} --https-only true --min-tls-version TLS1_2"),
            Of(SetupItem.Lifecycle, Policy, ValueOf(SetupItem.Lifecycle), "az storage account management-policy show --account-name {0}"),
            Of(SetupItem.LifecycleReach, Policy, ValueOf(SetupItem.LifecycleReach), "az storage account management-policy show --account-name {0}"),
            Of(SetupItem.SoftDelete, Service, ValueOf(SetupItem.SoftDelete), "az storage account blob-service-properties update --account-name {0} --enable-container-delete-retention true --container-delete-retention-days 90"),
            (Account?["sku"]?["name"]?.ToString() ?? Text(info)) is { } sku ? new TargetFact(SetupItem.Replication, FactState.Known, sku) : Denied(SetupItem.Replication, "az storage account show --name {0} --query sku.name"),
            isHierarchical is { } known ? new TargetFact(HierarchicalNamespace, FactState.Known, known ? SetupItem.On : SetupItem.Off) : Denied(HierarchicalNamespace, "az storage account show --name {0} --query isHnsEnabled"),
            .. Lacking.Select(static item => new TargetFact(item, FactState.NotOffered, null)),
        ];
    }

    /// <summary>What the resource manager says of the account, the service and the rules; where it may not be asked, nothing is known.</summary>
    public async Task ReadAccountAsync(CancellationToken cancellationToken)
    {
        Account = await TryFindAsync("", AccountReadRight, cancellationToken);
        if (Account is { Count: 0 })
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, $"There is no storage account '{settings.Account}' in the resource group '{settings.ResourceGroup}'; check the settings subscription and resourcegroup.");
        }

        Service = await TryFindAsync(BlobServices, ServiceReadRight, cancellationToken);
        Policy = await TryFindAsync(ManagementPolicy, PolicyReadRight, cancellationToken, NoPolicy);
    }

    public async Task ReadAsync(string item, CancellationToken cancellationToken)
    {
        switch (item)
        {
            case SetupItem.PublicAccessBlock or SetupItem.TransportPolicy:
                Account = await TryFindAsync("", AccountReadRight, cancellationToken);
                break;
            case SetupItem.Versioning or SetupItem.SoftDelete:
                Service = await TryFindAsync(BlobServices, ServiceReadRight, cancellationToken);
                break;
            case SetupItem.Lifecycle:
                Policy = await TryFindAsync(ManagementPolicy, PolicyReadRight, cancellationToken, NoPolicy);
                break;
            default:
                Container = await TryFindAsync(ContainerPath, ContainerReadRight, cancellationToken);
                break;
        }
    }

    /// <summary>From what the resource manager said last.</summary>
    public string? ValueOf(string item) => item switch
    {
        SetupItem.Region => Account?["location"]?.ToString(),
        SetupItem.Encryption => Account?["properties"]?["encryption"]?["keySource"]?.ToString() is { } source ? $"AES-256 by {(source is "Microsoft.Keyvault" ? "a key of your own" : "the platform's keys")}" : null,
        SetupItem.Versioning => Switch(Service?["properties"]?["isVersioningEnabled"]),
        SetupItem.SoftDelete => $"objects {Kept("deleteRetentionPolicy")}, containers {Kept("containerDeleteRetentionPolicy")}",
        SetupItem.DefaultRetention => RetentionText(),
        SetupItem.PublicAccess => Container?["properties"]?["publicAccess"]?.ToString() is { } access and not "None" ? PublicText(access) : SetupItem.Off,
        // Older accounts say nothing, and allow it.
        SetupItem.PublicAccessBlock => Bool(Account?["properties"]?["allowBlobPublicAccess"]) == false ? SetupItem.On : SetupItem.Off,
        SetupItem.TransportPolicy => Bool(Account?["properties"]?["supportsHttpsTrafficOnly"]) == true && Account?["properties"]?["minimumTlsVersion"]?.ToString() is "TLS1_2" or "TLS1_3" ? SetupItem.On : SetupItem.Off,
        SetupItem.Lifecycle => AzureLifecycle.TextOf(AzureLifecycle.RulesOf(Policy)),
        SetupItem.LifecycleReach => AzureLifecycle.ReachOf(AzureLifecycle.RulesOf(Policy), $"{settings.Container}/{settings.Prefix}"),
        _ => null,
    };

    public static string RetentionText(int days, bool isLocked) => string.Create(CultureInfo.InvariantCulture, $"{days} days{(isLocked ? ", locked" : "")}");

    /// <summary>In days, and whether nobody can shorten it any more; null where there is none.</summary>
    public (int Days, bool IsLocked, string? Tag)? Retention() =>
        Container?["properties"]?["immutabilityPolicy"] is JsonObject policy && Int(policy["properties"]?["immutabilityPeriodSinceCreationInDays"]) is > 0 and var days
            ? (days, policy["properties"]?["state"]?.ToString() is "Locked", policy["etag"]?.ToString())
            : null;

    /// <summary>What <see cref="SetupItem.SoftDelete"/> becomes when containers are kept; null where they are.</summary>
    public static string? KeepsContainers(string? softDelete) => softDelete?.EndsWith($", containers {SetupItem.Off}", StringComparison.Ordinal) == true
        ? string.Create(CultureInfo.InvariantCulture, $"{softDelete[..^SetupItem.Off.Length]}{ContainerDays} days")
        : null;

    /// <summary>All that the service is set to, and a change: what is left out would be turned off. What it only says of itself is not sent back.</summary>
    /// <exception cref="RequestException"><c>SetupRefused</c>: it is not known what that is.</exception>
    public JsonObject ServiceWith(Action<JsonObject> change)
    {
        var properties = Service?["properties"]?.DeepClone() as JsonObject ?? throw Unread("The settings of the blob service");
        if (properties["restorePolicy"] is JsonObject restore)
        {
            restore.Remove("lastEnabledTime");
            restore.Remove("minRestoreTime");
        }

        change(properties);
        return new JsonObject { ["properties"] = properties };
    }

    /// <summary>All rules of the account: what is left out of a change would be gone.</summary>
    /// <inheritdoc cref="ServiceWith"/>
    public IReadOnlyList<JsonObject> RulesToKeep() =>
        Policy is { Count: 0 } || Policy?["properties"]?["policy"]?["rules"] is JsonArray ? AzureLifecycle.RulesOf(Policy) : throw Unread("The rules");

    public Task<BlobContainerProperties> ReadContainerAsync(CancellationToken cancellationToken) => client.SendAsync(
        AzureDeed.Place("The container's settings cannot be read", $"{ContainerReadRight}, or r of a signature of the account"),
        async (container, guard) => (await container.GetPropertiesAsync(cancellationToken: guard.Token)).Value,
        cancellationToken);

    private RequestException Unread(string what) => new(FaultCodes.SetupRefused, $"{what} of the account {settings.Account} can no longer be read, so nothing is added to them.");

    private bool HasLocks() =>
        Bool(Container?["properties"]?["immutableStorageWithVersioning"]?["enabled"]) == true || Bool(Account?["properties"]?["immutableStorageWithVersioning"]?["enabled"]) == true;

    private TargetFact VersioningOf(bool? isHierarchical, BlobContainerProperties? seen) =>
        isHierarchical == true ? new TargetFact(SetupItem.Versioning, FactState.Known, SetupItem.Off)
        : Service is not null ? new TargetFact(SetupItem.Versioning, FactState.Known, ValueOf(SetupItem.Versioning))
        // Locks of versions are there only where versions are.
        : seen?.HasImmutableStorageWithVersioning == true ? new TargetFact(SetupItem.Versioning, FactState.Known, SetupItem.On)
        : Denied(SetupItem.Versioning, "az storage account blob-service-properties update --account-name {0} --enable-versioning true");

    private TargetFact PublicOf(BlobContainerProperties? seen) => seen is null && Container is null
        ? Denied(SetupItem.PublicAccess, "az storage container set-permission --account-name {0} --name {1} --public-access off")
        : new TargetFact(
            SetupItem.PublicAccess,
            FactState.Known,
            ValueOf(SetupItem.PublicAccessBlock) is SetupItem.On ? SetupItem.Off : seen is null ? ValueOf(SetupItem.PublicAccess) : PublicText(seen.PublicAccess));

    private static string PublicText(PublicAccessType? access) => PublicText(access switch
    {
        PublicAccessType.Blob => "Blob",
        PublicAccessType.BlobContainer => "Container",
        _ => "None",
    });

    private static string PublicText(string access) => access switch
    {
        "Blob" => "everybody may read its objects",
        "Container" => "everybody may list and read its objects",
        _ => SetupItem.Off,
    };

    private TargetFact Of(string item, JsonObject? source, string? value, string command) => source is null ? Denied(item, command) : new TargetFact(item, FactState.Known, value);

    /// <summary>With what to run instead.</summary>
    private TargetFact Denied(string item, string command) => new(item, FactState.Denied, string.Format(CultureInfo.InvariantCulture, command, settings.Account, settings.Container));

    /// <summary>Nothing where it may not be asked; an empty object where there is nothing.</summary>
    private async Task<JsonObject?> TryFindAsync(string path, string right, CancellationToken cancellationToken, string? absent = null)
    {
        try
        {
            return arm is null ? null : await arm.FindAsync(path, right, absent, cancellationToken) ?? [];
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            return null;
        }
    }

    /// <summary>The container has answered before: what is refused here is this question.</summary>
    private async Task<AccountInfo?> TryAskAccountAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendToAccountAsync(
                AzureDeed.Place("The account cannot be asked what it is", "Microsoft.Storage/storageAccounts/blobServices/getInfo/action, or any of a signature of the account"),
                async (account, guard) => (await account.GetAccountInfoAsync(guard.Token)).Value,
                cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied or TargetFault.KeyRejected or TargetFault.Unsupported)
        {
            return null;
        }
    }

    private static string? Text(AccountInfo? info) => info?.SkuName.ToString();

    private string Kept(string policy) => Service?["properties"]?[policy] is JsonObject found && Bool(found["enabled"]) == true
        ? string.Create(CultureInfo.InvariantCulture, $"{Int(found["days"])} days")
        : SetupItem.Off;

    private string? RetentionText() => Retention() is { } found ? RetentionText(found.Days, found.IsLocked) : null;

    private static string Switch(JsonNode? node) => Bool(node) == true ? SetupItem.On : SetupItem.Off;

    private static bool? Bool(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var isOn) ? isOn : null;

    private static int? Int(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;
}
