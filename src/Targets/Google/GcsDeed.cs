using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.Google;

/// <summary>What is being tried, in the words and terms that a refusal needs.</summary>
/// <param name="What">With the name: "'packs/…' cannot be put".</param>
/// <param name="Right">The permission that it takes.</param>
internal sealed record GcsDeed(string What, string May, string Right)
{
    /// <summary>A refused precondition means that the name is taken.</summary>
    public bool IsIfAbsent { get; init; }

    public bool HasLock { get; init; }

    /// <summary>Nothing was sent that a bad request could be about.</summary>
    public bool IsRead { get; init; }

    /// <summary>A sum goes with it, and a bad request may be about that.</summary>
    public bool HasChecksum { get; init; }

    /// <summary>A 404 is about the session of an upload, which is begun anew.</summary>
    public bool IsInSession { get; init; }

    /// <summary>A 404 is about an object; without one it is about the bucket.</summary>
    public ObjectName? Name { get; init; }

    public static GcsDeed Put(ObjectName name, bool isIfAbsent, bool hasLock) => new($"'{name}' cannot be put", "store objects", hasLock ? "storage.objects.create and storage.objects.setRetention" : "storage.objects.create")
    {
        IsIfAbsent = isIfAbsent,
        HasLock = hasLock,
        HasChecksum = true,
    };

    public static GcsDeed Read(ObjectName name) => new($"'{name}' cannot be read", "read objects", "storage.objects.get") { Name = name, IsRead = true };

    public static GcsDeed Stat(ObjectName name) =>
        new($"'{name}' cannot be looked up", "look objects up", "storage.objects.get, and storage.objects.list for those that are not there") { Name = name, IsRead = true };

    public static GcsDeed Delete(ObjectName name) => new($"'{name}' cannot be deleted", "delete objects", "storage.objects.delete") { Name = name };

    public static GcsDeed Lock(ObjectName name) =>
        new($"'{name}' cannot be locked", "lock objects", "storage.objects.update and storage.objects.setRetention") { Name = name, HasLock = true };

    public static GcsDeed List(string prefix) => new($"'{prefix}' cannot be listed", "list objects", "storage.objects.list");

    public static GcsDeed Place(string what, string right) => new(what, "see or change the bucket's settings", right);
}
