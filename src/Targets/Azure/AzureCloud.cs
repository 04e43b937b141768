namespace SecureBackup.Targets.Azure;

/// <summary>One of the platform's clouds, which know nothing of each other.</summary>
/// <param name="Suffix">Of the accounts' addresses.</param>
/// <param name="Login">Where identities get their tokens.</param>
/// <param name="Management">Where accounts are set up.</param>
internal sealed record AzureCloud(string Name, string Suffix, Uri Login, Uri Management)
{
    public const string Default = "public";

    private static readonly AzureCloud[] All =
    [
        new(Default, "blob.core.windows.net", new Uri("https://login.microsoftonline.com/"), new Uri("https://management.azure.com/")),
        new("usgov", "blob.core.usgovcloudapi.net", new Uri("https://login.microsoftonline.us/"), new Uri("https://management.usgovcloudapi.net/")),
        new("china", "blob.core.chinacloudapi.cn", new Uri("https://login.partner.microsoftonline.cn/"), new Uri("https://management.chinacloudapi.cn/")),
    ];

    public static string Names => string.Join(", ", All.Select(static cloud => cloud.Name));

    public static AzureCloud? Find(string name) => Array.Find(All, cloud => string.Equals(cloud.Name, name, StringComparison.OrdinalIgnoreCase));

    public string EndpointOf(string account) => $"https://{account}.{Suffix}";
}
