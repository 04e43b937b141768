using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What looks wrong about a snapshot's content; numbers as stored.</summary>
public enum GateKind
{
    TooSmall = 0,
    TooFew = 1,
    Shrunk = 2,
    MassChanged = 3,
    EntropyJumped = 4,
    RansomNames = 5,
    FilesEmptied = 6,
}

/// <param name="Measured">In the gate's unit: bytes, a count, or percent.</param>
/// <param name="Limit">What it may be at most, or at least.</param>
public sealed record GateFinding(GateKind Gate, long Measured, long Limit);

/// <summary>What the next run of the data set compares itself with; no name of any file is in it.</summary>
public sealed record ContentFigures
{
    /// <summary>Files without a byte.</summary>
    public long EmptyFiles { get; init; }

    /// <summary>Files that are named as ransomware names what it encrypted, or its notes.</summary>
    public long RansomNames { get; init; }

    /// <summary>Bytes of content that the last good snapshot did not hold.</summary>
    public long NewBytes { get; init; }

    /// <summary>How much of the whole content does not compress, in thousandths; an estimate that each run carries on.</summary>
    public int DensePermille { get; init; }

    /// <summary>How much of the last good snapshot's content gave way to other content, in thousandths.</summary>
    public int ReplacedPermille { get; init; }

    internal static void Write(CborMapWriter writer, ContentFigures figures, IReadOnlyList<GateFinding> findings) => writer.BeginMap(2)
        .Key(0).Array(findings, static (writer, finding) => writer.BeginArray(3).Int((int)finding.Gate).Int(finding.Measured).Int(finding.Limit).EndArray())
        .Key(1).BeginMap(5)
        .Key(0).Int(figures.EmptyFiles)
        .Key(1).Int(figures.RansomNames)
        .Key(2).Int(figures.NewBytes)
        .Key(3).Int(figures.DensePermille)
        .Key(4).Int(figures.ReplacedPermille)
        .EndMap()
        .EndMap();

    /// <summary>What a newer version found or counted besides is passed over: it decided the outcome all the same.</summary>
    internal static (ContentFigures Figures, IReadOnlyList<GateFinding> Findings) Read(CborMapReader reader)
    {
        const int MaxFindings = 1_000;
        IReadOnlyList<GateFinding> findings = [];
        var figures = new ContentFigures();
        reader.BeginMap();
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: findings = reader.ReadArray(MaxFindings, ReadFinding); break;
                case 1: figures = ReadFigures(reader); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return (figures, findings);
    }

    private static GateFinding ReadFinding(CborMapReader reader)
    {
        reader.BeginTuple(3);
        var finding = new GateFinding((GateKind)reader.ReadInt32(), reader.ReadCount(), reader.ReadCount());
        reader.EndArray();
        return finding;
    }

    private static ContentFigures ReadFigures(CborMapReader reader)
    {
        var figures = new ContentFigures();
        reader.BeginMap();
        while (reader.NextKey(out var key))
        {
            figures = key switch
            {
                0 => figures with { EmptyFiles = reader.ReadCount() },
                1 => figures with { RansomNames = reader.ReadCount() },
                2 => figures with { NewBytes = reader.ReadCount() },
                3 => figures with { DensePermille = reader.ReadInt32(1000) },
                4 => figures with { ReplacedPermille = reader.ReadInt32(1000) },
                _ => throw reader.UnknownKey(key),
            };
        }

        return figures;
    }
}
