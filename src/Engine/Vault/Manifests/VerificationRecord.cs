using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How deep a check went; numbers as stored.</summary>
public enum VerificationDepth
{
    Structure = 0,
    EveryByte = 1,
}

/// <summary>What a check found.</summary>
/// <param name="FirstPlace">In the checking order; the next check goes on after <paramref name="LastPlace"/>.</param>
/// <param name="HasCompletedCycle">Whether every pack was reached by now since the cycle began.</param>
public sealed record VerificationFinding(
    Timestamp Time, long PacksInSet, long PacksRead, long BytesRead, Id256 FirstPlace, Id256 LastPlace, bool HasCompletedCycle, long FaultCount, VerificationDepth Depth);

/// <summary>A signed finding about one snapshot.</summary>
public sealed record VerificationRecord(RegisterHead Register, ManifestReference Manifest, VerificationFinding Finding)
{
    private const int MaxFindingBytes = 4096;

    /// <summary>Signs and stores a record. A crash before it costs the record alone.</summary>
    public static async Task WriteAsync(UnlockedVault vault, ManifestReference manifest, VerificationFinding finding, CancellationToken cancellationToken)
    {
        var header = vault.NewHeader(ObjectKind.VerificationRecord, isSealed: true);
        await vault.Store.PutAsync(ObjectNames.VerificationRecord(header.Object), SealedStatement.Build(vault, header, manifest, EncodeFinding(finding)), cancellationToken);
    }

    internal static VerificationRecord Open(UnlockedVault vault, SignedObject signed)
    {
        var what = $"verification record {signed.Header.Object}";
        var statement = SealedStatement.Open(vault, signed, MaxFindingBytes, what);
        return new VerificationRecord(statement.Register, statement.Manifest, DecodeFinding(statement.Substance, what));
    }

    internal static byte[] EncodeFinding(VerificationFinding finding) => new CborMapWriter().BeginMap(9)
        .Key(0).Time(finding.Time)
        .Key(1).Int(finding.PacksInSet)
        .Key(2).Int(finding.PacksRead)
        .Key(3).Int(finding.BytesRead)
        .Key(4).Id(finding.FirstPlace)
        .Key(5).Id(finding.LastPlace)
        .Key(6).Int(finding.HasCompletedCycle ? 1 : 0)
        .Key(7).Int(finding.FaultCount)
        .Key(8).Int((int)finding.Depth)
        .EndMap().Encode();

    internal static VerificationFinding DecodeFinding(ReadOnlyMemory<byte> plain, string what)
    {
        var finding = new VerificationFinding(default, 0, 0, 0, default, default, false, 0, VerificationDepth.Structure);
        var seen = 0;
        var reader = CborMapReader.OfMap(plain, what);
        while (reader.NextKey(out var key))
        {
            seen++;
            finding = key switch
            {
                0 => finding with { Time = reader.ReadTime() },
                1 => finding with { PacksInSet = reader.ReadCount() },
                2 => finding with { PacksRead = reader.ReadCount() },
                3 => finding with { BytesRead = reader.ReadCount() },
                4 => finding with { FirstPlace = reader.ReadId() },
                5 => finding with { LastPlace = reader.ReadId() },
                6 => finding with { HasCompletedCycle = reader.ReadInt32(1) == 1 },
                7 => finding with { FaultCount = reader.ReadCount() },
                8 => finding with { Depth = (VerificationDepth)reader.ReadInt32(1) },
                _ => throw reader.UnknownKey(key),
            };
        }

        reader.Check(seen == 9, "a part of it is missing");
        return finding;
    }
}
