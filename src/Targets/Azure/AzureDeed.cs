using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.Azure;

/// <summary>What is being tried, in the words and terms that a refusal needs.</summary>
/// <param name="What">With the name: "'packs/…' cannot be put".</param>
/// <param name="Right">Of the roles' actions, and of a shared access signature.</param>
internal sealed record AzureDeed(string What, string May, string Right)
{
    private const string Blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/";

    /// <summary>A refused precondition means that the name is taken.</summary>
    public bool IsIfAbsent { get; init; }

    public bool HasLock { get; init; }

    /// <summary>Nothing was sent that a bad request could be about.</summary>
    public bool IsRead { get; init; }

    public ObjectName? Name { get; init; }

    /// <summary>What the resource manager says where there is none; null where any 404 says it. Another one is about what it would stand in.</summary>
    public string? Absent { get; init; }

    public static AzureDeed Put(ObjectName name, bool isIfAbsent, bool hasLock) =>
        new($"'{name}' cannot be put", "store objects", $"{Blobs}write, or c and w of a signature") { Name = name, IsIfAbsent = isIfAbsent, HasLock = hasLock };

    public static AzureDeed Read(ObjectName name) => new($"'{name}' cannot be read", "read objects", $"{Blobs}read, or r of a signature") { Name = name, IsRead = true };

    public static AzureDeed Stat(ObjectName name) => new($"'{name}' cannot be looked up", "look objects up", $"{Blobs}read, or r of a signature") { Name = name, IsRead = true };

    public static AzureDeed Delete(ObjectName name) =>
        new($"'{name}' cannot be deleted", "delete objects", $"{Blobs}delete, and deleteBlobVersion/action where there are versions, or d and x of a signature") { Name = name };

    public static AzureDeed List(string prefix) => new($"'{prefix}' cannot be listed", "list objects", $"{Blobs}read, or l of a signature");

    public static AzureDeed Lock(ObjectName name) =>
        new($"'{name}' cannot be locked", "lock objects", $"{Blobs}immutableStorage/runAsSuperUser/action, or i of a signature") { Name = name, HasLock = true };

    public static AzureDeed Warm(ObjectName name) => new($"'{name}' cannot be made readable", "change tiers", $"{Blobs}write, or w of a signature") { Name = name };

    public static AzureDeed Place(string what, string right) => new(what, "ask for the container's settings", right);
}
