using System.Security.Cryptography;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// SLIP-0039: a secret in shares, any k of which give it back and fewer say nothing about it. Vaults make one group; sets of several groups
/// are read too. A share is a point of polynomials over GF(256); the secret stands at 255, a digest of it at 254.
/// </summary>
public static class SecretSharing
{
    public const int MaxShares = 16;

    private const byte SecretAt = 255;
    private const byte DigestAt = 254;
    private const int DigestBytes = 4;

    /// <param name="secret">Of even length, 16 to 64 bytes; in vaults 32.</param>
    /// <returns>The shares, which the caller now owns.</returns>
    /// <exception cref="RequestException">InvalidShareCount.</exception>
    public static IReadOnlyList<SecretShare> Split(ReadOnlySpan<byte> secret, int threshold, int count)
    {
        if (threshold < 1 || count > MaxShares || threshold > count || (threshold == 1 && count > 1))
        {
            throw new RequestException(
                FaultCodes.InvalidShareCount, $"{threshold} of {count} is no way to share a secret: it takes 2 to {MaxShares} of 2 to {MaxShares}, or 1 of 1.");
        }

        var facts = new ShareFacts(RandomNumberGenerator.GetInt32(1 << 15), IsExtendable: true, IterationExponent: 0, GroupThreshold: 1, GroupCount: 1);
        Span<byte> hidden = stackalloc byte[secret.Length];
        secret.CopyTo(hidden);
        ShareCipher.Encrypt(hidden, passphrase: default, facts);
        var points = PointsOf(hidden, threshold, count);
        var shares = points.Select(point => new SecretShare(facts, group: 0, point.X, threshold, point.Value)).ToList();
        Wipe(points);
        CryptographicOperations.ZeroMemory(hidden);
        return shares;
    }

    /// <summary>Puts the secret of a vault's share set together again.</summary>
    /// <param name="shares">Still the caller's.</param>
    /// <exception cref="RequestException">TooFewShares, SharesOfDifferentSets, DuplicateShare, SharesDoNotFit, ShareLengthWrong.</exception>
    public static RootKey Combine(IReadOnlyList<SecretShare> shares)
    {
        if (shares is [var first, ..] && first.Value.Length != SecretKey.SizeBytes)
        {
            throw new RequestException(FaultCodes.ShareLengthWrong, $"These are shares of a secret of {first.Value.Length} bytes; a vault's has {SecretKey.SizeBytes}.");
        }

        var secret = Combine(shares, passphrase: default);
        var key = new RootKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    internal static byte[] Combine(IReadOnlyList<SecretShare> shares, ReadOnlySpan<byte> passphrase)
    {
        RequireOneSet(shares);
        var facts = shares[0].Facts;
        var groups = shares.GroupBy(static share => share.Group).ToList();
        var complete = groups.Where(static group => group.Count() >= group.First().MemberThreshold).ToList();
        if (complete.Count < facts.GroupThreshold)
        {
            throw new RequestException(
                FaultCodes.TooFewShares,
                facts.GroupCount == 1
                    ? $"It takes {shares[0].MemberThreshold} shares of this set; {shares.Count} {(shares.Count == 1 ? "was" : "were")} given."
                    : $"It takes {facts.GroupThreshold} whole groups of shares; {complete.Count} can be put together.");
        }

        var points = complete.Select(static group => ((byte)group.Key, Recover([.. group.Select(static share => ((byte)share.Member, share.Value))], group.First().MemberThreshold))).ToList();
        var secret = Recover(points, facts.GroupThreshold);
        Wipe(points);
        ShareCipher.Decrypt(secret, passphrase, facts);
        return secret;
    }

    private static void RequireOneSet(IReadOnlyList<SecretShare> shares)
    {
        if (shares.Count == 0)
        {
            throw new RequestException(FaultCodes.TooFewShares, "No share was given.");
        }

        for (var i = 1; i < shares.Count; i++)
        {
            var known = shares.Take(i).ToList();
            if (shares[i].Facts != shares[0].Facts || shares[i].Value.Length != shares[0].Value.Length
                || known.Exists(share => share.Group == shares[i].Group && share.MemberThreshold != shares[i].MemberThreshold))
            {
                throw new RequestException(FaultCodes.SharesOfDifferentSets, $"Share {i + 1} of those given is of another set than the first.");
            }

            var same = known.FindIndex(share => share.Group == shares[i].Group && share.Member == shares[i].Member);
            if (same >= 0)
            {
                throw new RequestException(FaultCodes.DuplicateShare, $"Shares {same + 1} and {i + 1} of those given are both number {shares[i].Member + 1} of the set.");
            }
        }
    }

    /// <summary>The points of the shares; with a threshold of one each is the secret itself.</summary>
    private static List<(byte X, byte[] Value)> PointsOf(ReadOnlySpan<byte> secret, int threshold, int count)
    {
        if (threshold == 1)
        {
            return [(0, secret.ToArray())];
        }

        var length = secret.Length;
        var given = Enumerable.Range(0, threshold - 2).Select(x => ((byte)x, RandomNumberGenerator.GetBytes(length))).ToList();
        var digest = RandomNumberGenerator.GetBytes(secret.Length);
        WriteDigest(digest, secret);
        List<(byte, byte[])> basis = [.. given, (DigestAt, digest), (SecretAt, secret.ToArray())];
        List<(byte, byte[])> points = [.. given];
        for (var x = given.Count; x < count; x++)
        {
            var value = new byte[secret.Length];
            Gf256.Interpolate(basis, (byte)x, value);
            points.Add(((byte)x, value));
        }

        Wipe(basis[^2..]);
        return points;
    }

    /// <summary>The secret of at least <paramref name="threshold"/> points; all of them must lie on one curve.</summary>
    private static byte[] Recover(List<(byte X, byte[] Value)> points, int threshold)
    {
        if (threshold == 1)
        {
            return points.TrueForAll(point => CryptographicOperations.FixedTimeEquals(point.Value, points[0].Value)) ? [.. points[0].Value] : throw DoNotFit();
        }

        var secret = new byte[points[0].Value.Length];
        var digest = new byte[secret.Length];
        var expected = new byte[secret.Length];
        var taken = points.GetRange(0, threshold);
        Gf256.Interpolate(taken, SecretAt, secret);
        Gf256.Interpolate(taken, DigestAt, digest);
        digest.CopyTo(expected, 0);
        WriteDigest(expected, secret);
        var fits = CryptographicOperations.FixedTimeEquals(digest, expected);
        foreach (var (x, value) in points.Skip(threshold))
        {
            Gf256.Interpolate(taken, x, digest);
            fits &= CryptographicOperations.FixedTimeEquals(digest, value);
        }

        CryptographicOperations.ZeroMemory(digest);
        CryptographicOperations.ZeroMemory(expected);
        return fits ? secret : throw DoNotFit();
    }

    /// <summary>HMAC-SHA-256 of the secret under all but the first four bytes, of which the first four are replaced.</summary>
    private static void WriteDigest(Span<byte> share, ReadOnlySpan<byte> secret)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(share[DigestBytes..], secret, hash);
        hash[..DigestBytes].CopyTo(share);
        CryptographicOperations.ZeroMemory(hash);
    }

    private static RequestException DoNotFit() => new(FaultCodes.SharesDoNotFit, "The shares are each whole and of one set, and yet give no secret together.");

    private static void Wipe(List<(byte X, byte[] Value)> points)
    {
        foreach (var (_, value) in points)
        {
            CryptographicOperations.ZeroMemory(value);
        }
    }
}
