using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Which packs this check reads: the next share in the checking order, a keyed order that storage cannot foresee. A check goes on where the last one of the data set
/// ended, so that repeated checks of a few percent add up to all of it; one that reaches the end completes the cycle, and the next begins anew.
/// </summary>
internal sealed record VerifyTurn(IReadOnlyList<PackRecord> Packs, Id256 FirstPlace, Id256 LastPlace, bool ReachesEnd, VerificationDepth Depth)
{
    internal static VerifyTurn Next(ReferencedPacks packs, VerifyRequest request, VerificationFinding? last)
    {
        if (!request.ReadsData)
        {
            return new VerifyTurn([], default, default, false, VerificationDepth.Structure);
        }

        using var cursor = DerivedKey.Derive(request.Vault.Vault.Keys.Names, "sb1/cursor"u8);
        var order = packs.Records.Select(pack => (Place: cursor.HashOf(pack.Id.Value.ToArray()), Pack: pack)).OrderBy(item => item.Place).ToList();
        var from = last is { HasCompletedCycle: false } && request.Percent < 100 ? order.FindIndex(item => item.Place > last.LastPlace) : 0;
        from = Math.Max(from, 0);
        var count = Math.Min(order.Count - from, Math.Max(1, (int)Math.Ceiling(order.Count * (request.Percent / 100.0))));
        var turn = order.GetRange(from, Math.Max(0, count));
        return new VerifyTurn(
            [.. turn.Select(item => item.Pack)],
            turn.Count == 0 ? default : turn[0].Place,
            turn.Count == 0 ? default : turn[^1].Place,
            from + count >= order.Count,
            VerificationDepth.EveryByte);
    }

    internal VerificationFinding ToFinding(Timestamp now, ReferencedPacks packs, long bytesRead, int faults) =>
        new(now, packs.Count, Packs.Count, bytesRead, FirstPlace, LastPlace, ReachesEnd, faults, Depth);
}
