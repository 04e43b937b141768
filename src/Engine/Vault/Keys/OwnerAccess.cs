using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How an owner's keys were opened: what it takes to add a way in. Owns its key.</summary>
/// <param name="Bundle">The bundle that was opened.</param>
/// <param name="Unlocker">The one that fitted.</param>
internal sealed record OwnerAccess(ObjectId Bundle, RootKey BundleKey, Unlocker Unlocker) : IDisposable
{
    public void Dispose() => BundleKey.Dispose();
}
