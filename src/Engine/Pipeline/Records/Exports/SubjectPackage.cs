using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What a customer is given when she asks what is stored about her: data as JSON and as a table, where each record came from, and a page for people.</summary>
/// <param name="Id">Tells this package from anything that later stands at its place.</param>
public sealed record SubjectPackage(Guid Id, string Subject, VaultId Vault, DateTimeOffset Created, DateTimeOffset Expires, IReadOnlyList<RecordVersion> Versions, IReadOnlyList<EntryFault> Faults)
{
    internal const string ManifestName = "manifest.json";

    private const string Folder = SubjectPackageFiles.DataFolder + "/";

    /// <summary>What names of data files consist of.</summary>
    internal static readonly System.Buffers.SearchValues<char> NameCharacters = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Every file, the manifest last: a package without one is not whole.</summary>
    internal IEnumerable<(string Name, byte[] Content)> Files()
    {
        var files = new List<(string Name, byte[] Content)>();
        var rows = new List<(RecordVersion Version, string File, int Row)>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var dataSet in Versions.GroupBy(static version => version.First.Snapshot.DataSet, StringComparer.Ordinal))
        {
            var name = NameOf(dataSet.Key, names);
            var records = dataSet.Select(static version => version.First.Value).ToList();
            files.Add(($"{Folder}{name}.json", RecordJson.Encode(records)));
            files.Add(($"{Folder}{name}.csv", RecordCsv.Encode(records)));
            rows.AddRange(dataSet.Select((version, row) => (version, $"{Folder}{name}.json", row)));
        }

        files.Add((SubjectPackageFiles.ReadmeName, Encoding.UTF8.GetBytes(Readme())));
        return [.. files, (ManifestName, Manifest(files, rows))];
    }

    /// <summary>A name that every file system takes, whatever the data set is called.</summary>
    private static string NameOf(string dataSet, HashSet<string> taken)
    {
        var plain = string.Concat(dataSet.Select(static character => NameCharacters.Contains(character) ? character : '_'));
        var name = $"{(plain.Length is 0 or > 60 ? "data" : plain)}";
        for (var number = 2; !taken.Add(name); number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{plain}-{number}");
        }

        return name;
    }

    private byte[] Manifest(List<(string Name, byte[] Content)> files, List<(RecordVersion Version, string File, int Row)> rows)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, RecordJson.Options))
        {
            json.WriteStartObject();
            json.WriteNumber("format", 1);
            json.WriteString("package", Id);
            json.WriteString("subject", Subject);
            json.WriteString("vault", Vault.ToString());
            json.WriteString("created", Created);
            json.WriteString("expires", Expires);
            json.WriteStartArray("files");
            foreach (var (name, content) in files)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteNumber("bytes", content.Length);
                json.WriteString("sha256", ContentHash.Of(content).ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            WriteRecords(json, rows);
            json.WriteStartArray("unreadable");
            foreach (var fault in Faults)
            {
                json.WriteStringValue($"{fault.Code}: {fault.Message}");
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteRecords(Utf8JsonWriter json, List<(RecordVersion Version, string File, int Row)> rows)
    {
        json.WriteStartArray("records");
        foreach (var (version, file, row) in rows)
        {
            json.WriteStartObject();
            json.WriteString("dataSet", version.First.Snapshot.DataSet);
            json.WriteString("file", file);
            json.WriteNumber("row", row);
            json.WriteString("sha256", version.First.Hash.ToString());
            json.WriteString("firstSnapshot", version.First.Snapshot.Id.ToString());
            json.WriteString("firstSeen", version.First.Snapshot.StartedAt.ToDateTimeOffset());
            json.WriteString("lastSnapshot", version.Last.Id.ToString());
            json.WriteString("lastSeen", version.Last.StartedAt.ToDateTimeOffset());
            json.WriteNumber("snapshots", version.SnapshotCount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private string Readme() => string.Create(CultureInfo.InvariantCulture, $"""
        What is stored about: {Subject}
        Made on:              {Created:u}
        To be deleted by:     {Expires:u}

        data/*.json      every version of every record, as JSON
        data/*.csv       the same as tables for a spreadsheet; a text that a spreadsheet would take for a formula has an apostrophe in front
        manifest.json    for each record: the backups that hold it, the first and the last, and a hash; for each file: its hash

        There are {Versions.Count:N0} versions of records in {Versions.Select(static version => version.First.Snapshot.DataSet).Distinct(StringComparer.Ordinal).Count()} data set(s).
        {(Faults.Count == 0 ? "Everything that the backups hold of this customer could be read." : $"{Faults.Count} place(s) could not be read; manifest.json names them.")}

        This package is a copy of personal data. It has to be kept safe, and deleted when it has served its purpose, at the latest on the day above.

        """).ReplaceLineEndings("\r\n");
}
