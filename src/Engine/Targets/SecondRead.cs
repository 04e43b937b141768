using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>
/// No checksum comes with a part of an object over a line, so that what does not open may have been changed on the way, or be a copy of this host that was. It is read once more, from the store
/// itself; what does not open twice is damage. Not for near targets: there the same bytes come from the same disk.
/// </summary>
internal static class SecondRead
{
    /// <param name="read">Reads from the target that it is given, and throws what is wrong with the bytes.</param>
    internal static async Task<T> RunAsync<T>(Target target, ObjectName name, Func<Target, Task<T>> read)
    {
        try
        {
            return await read(target);
        }
        catch (BackupException damage) when (IsOfBytes(damage))
        {
            if (target.Capabilities.IsNear)
            {
                target.Doubt(name);
                throw;
            }

            var result = await read(target.Uncached);
            target.Doubt(name);
            return result;
        }
    }

    /// <summary>Whether bytes were had and say something else than was expected: any field of them may be the one that was changed.</summary>
    internal static bool IsOfBytes(BackupException damage) => damage is IntegrityException or KeyException or VaultException;
}
