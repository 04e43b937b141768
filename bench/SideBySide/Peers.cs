namespace SecureBackup.Bench.SideBySide;

/// <summary>Repository format 2, which compresses with zstd by default.</summary>
internal sealed class ResticTool : BackupTool
{
    internal override string Name => "restic";

    internal override bool ReachesBuckets => true;

    internal override string? FindVersion() => FirstLineOf("restic", "version");

    internal override IReadOnlyDictionary<string, string> EnvironmentOf(ToolPlace place)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["RESTIC_PASSWORD"] = "bench", ["RESTIC_CACHE_DIR"] = place.Cache, ["RESTIC_REPOSITORY"] = place.Repository };
        if (place.Bucket is { } bucket)
        {
            variables["RESTIC_REPOSITORY"] = $"s3:{bucket.Endpoint.AbsoluteUri}{bucket.Name}";
            (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]) = (bucket.Key.Id, bucket.Key.Secret);
        }

        return variables;
    }

    internal override ToolCommand Create(ToolPlace place) => new("restic", ["init", "-q", "--repository-version", "2"]);

    internal override ToolCommand BackUp(ToolPlace place, string folder) => new("restic", ["backup", "-q", folder]);

    internal override ToolCommand Restore(ToolPlace place, string folder, string destination) => new("restic", ["restore", "-q", "latest", "--target", destination]);

    internal override ToolCommand Check(ToolPlace place) => new("restic", ["check", "-q", "--read-data"]);

    internal override IReadOnlyList<ToolStep> Prune(ToolPlace place) => [new(new ToolCommand("restic", ["forget", "-q", "--keep-last", $"{KeptSnapshots}", "--prune"]))];
}

/// <summary>Its warnings (exit code 1) are about single files.</summary>
internal sealed class BorgTool : BackupTool
{
    internal override string Name => "borg";

    internal override string? FindVersion() => FirstLineOf("borg", "--version");

    internal override IReadOnlyDictionary<string, string> EnvironmentOf(ToolPlace place) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["BORG_PASSPHRASE"] = "bench",
        ["BORG_BASE_DIR"] = place.Cache,
        ["BORG_REPO"] = place.Repository,
        ["BORG_RELOCATED_REPO_ACCESS_IS_OK"] = "yes",
    };

    internal override ToolCommand Create(ToolPlace place) => new("borg", ["init", "-e", "repokey-blake2"]);

    internal override ToolCommand BackUp(ToolPlace place, string folder) => new("borg", ["create", "-C", "zstd", $"::{place.NextArchive()}", folder], 0, 1);

    internal override ToolCommand Restore(ToolPlace place, string folder, string destination) => new("borg", ["extract", $"::{place.Archive}"], 0, 1) { WorkingFolder = destination };

    internal override ToolCommand Check(ToolPlace place) => new("borg", ["check", "--verify-data"]);

    internal override IReadOnlyList<ToolStep> Prune(ToolPlace place) =>
        [new(new ToolCommand("borg", ["prune", "--keep-last", $"{KeptSnapshots}"])), new(new ToolCommand("borg", ["compact"]))];
}
