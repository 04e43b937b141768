using System.Text.Json.Serialization;

namespace SecureBackup.Targets.Azure;

/// <summary>What the resource manager says and is told: its own words, which are read as they are.</summary>
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
internal sealed partial class AzureJson : JsonSerializerContext;
