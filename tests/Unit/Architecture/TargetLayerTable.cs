namespace SecureBackup.Tests.Unit.Architecture;

/// <summary>The one-way rule inside the part for object stores: one platform never knows another. <c>docs/design/layers.md</c> shows the same rows.</summary>
internal static class TargetLayerTable
{
    private static readonly string[] Shared = ["Http", "Checksums", "Setup"];

    /// <summary>What of the engine this part may use.</summary>
    public static IReadOnlyList<string> EngineRooms { get; } = ["Primitives", "Faults", "Telemetry", "Targets", "Platform"];

    public static IReadOnlyList<Layer> Rows { get; } =
    [
        new("Http", "The one way over HTTP, whatever travels."),
        new("Checksums", "Bytes in, a number out."),
        new("Setup", "What a place is set to is told in the same words for all.", "Http"),
        new("S3", "A protocol that several platforms speak knows none of them; they hand it a profile.", Shared),
        new("Aws", "One platform never knows another.", [.. Shared, "S3"]),
        new("Wasabi", "One platform never knows another.", [.. Shared, "S3"]),
        new("IbmCos", "One platform never knows another.", [.. Shared, "S3"]),
        new("BackblazeB2", "One platform never knows another.", [.. Shared, "S3"]),
        new("S3Compatible", "One platform never knows another.", [.. Shared, "S3"]),
        new("Azure", "One platform never knows another.", Shared),
        new("Google", "One platform never knows another.", Shared),
        new("Sftp", "One platform never knows another.", Shared),
        new("WebDav", "One platform never knows another.", Shared),
    ];
}
