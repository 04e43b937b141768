namespace SecureBackup.Tests.Unit.Architecture;

/// <summary>A folder of the engine, the folders it may use, and why it ends there.</summary>
internal sealed record Layer(string Room, string Because, params string[] MayUse)
{
    public string AsMarkdown => $"| {Room} | {(MayUse.Length == 0 ? "nothing" : string.Join(", ", MayUse))} | {Because} |";
}

/// <summary>The one-way rule inside the engine; <c>docs/design/layers.md</c> shows the same rows.</summary>
internal static class LayerTable
{
    private static readonly string[] Ground = ["Primitives", "Faults", "Telemetry", "Entries"];

    public static IReadOnlyList<Layer> Rows { get; } =
    [
        new("Primitives", "Values and buffers are the ground; what they refuse needs a code.", "Faults"),
        new("Faults", "An error is a value and must be usable from everywhere.", "Primitives"),
        new("Telemetry", "What may be watched is plain numbers and events.", "Primitives", "Faults"),
        new("Entries", "An entry is what both doors and the vault speak of, so it knows none of them.", "Primitives", "Faults"),
        new("Platform", "Calls to the operating system are shared by the doors and know nothing of backups.", "Primitives", "Faults", "Entries"),
        new("Chunking", "Where to cut depends on bytes and a secret alone.", Ground),
        new("Compression", "Spans in, spans out.", Ground),
        new("Crypto", "Keys and seals must be reviewable without reading anything else.", Ground),
        new("Sources", "The front door reads the world and does not know where it goes.", [.. Ground, "Platform"]),
        new("Destinations", "The way back into the world does not know where the bytes come from.", [.. Ground, "Platform"]),
        new("Targets", "The back door moves names and bytes; it cannot leak what it cannot open.", [.. Ground, "Platform"]),
        new("Retention", "A plan is computed from facts, so that it can be shown before it is done.", Ground),
        new("Records", "An object of the pipeline is bytes and back, whoever stores them.", Ground),
        new("Packing", "A pack is compressed and sealed chunks, wherever it is stored.", [.. Ground, "Compression", "Crypto"]),
        new("Index", "It answers where a chunk lies: in which pack, on which target.", [.. Ground, "Compression", "Crypto", "Packing", "Targets"]),
        new("Audit", "The log must be checkable without trusting the vault that it is about.", [.. Ground, "Crypto", "Targets"]),
        new(
            "Vault",
            "The repository as a whole; it never sees the files of the world, so hostile names end in the corridors.",
            [.. Ground, "Platform", "Chunking", "Compression", "Crypto", "Targets", "Retention", "Packing", "Index", "Audit"]),
        new(
            "Pipeline",
            "The only room that sees both doors.",
            [.. Ground, "Platform", "Chunking", "Compression", "Crypto", "Sources", "Destinations", "Targets", "Retention", "Records", "Packing", "Index", "Audit", "Vault"]),
    ];
}
