using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Makes certificates of erasures, and files of them. What it states of snapshots it takes from the catalog.</summary>
public sealed class CertificateIssuer
{
    private readonly UnlockedVault _owner;
    private readonly Dictionary<DataSetId, (string Name, int Snapshots)> _dataSets;
    private readonly List<string> _beyondUse = [];

    private CertificateIssuer(UnlockedVault owner, SnapshotCatalog catalog, int running)
    {
        _owner = owner;
        _dataSets = catalog.Snapshots.GroupBy(static snapshot => snapshot.DataSetId)
            .ToDictionary(static group => group.Key, static group => (group.First().DataSet, group.Count(static snapshot => snapshot.Kind == SnapshotKind.Records)));
        AddWhatHasNoKeys("Files have", catalog.Snapshots.Where(static snapshot => snapshot.Kind != SnapshotKind.Records));
        AddWhatHasNoKeys("Records that were backed up without saying whose they are have", catalog.Snapshots.Where(static snapshot => snapshot is { Kind: SnapshotKind.Records, Summary.SubjectCount: 0 }));
        var hosts = owner.Register.Members.Values.Count(member => member.Entry.Id != owner.Self && member.Entry.Roles.HasFlag(Crypto.MemberRoles.Writer));
        if (hosts > 0)
        {
            _beyondUse.Add($"The key caches of {hosts} backup hosts, each sealed to its host, drop the keys when the host next runs; until then they can seal new records, which no reader takes, and open none in the vault.");
        }

        if (running > 0)
        {
            _beyondUse.Add($"{running} backups were not known to have ended. A key that one of them stored for the customer during the erasure is dead: no reader takes it, and the next upkeep of the vault destroys it.");
        }
    }

    public static async Task<CertificateIssuer> LoadAsync(UnlockedVault owner, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(owner, cancellationToken);
        var now = StoreClock.Guess(owner).AtLeast;
        var board = await SessionBoard.LoadAsync(owner, now, cancellationToken);
        return new CertificateIssuer(owner, catalog, board.CountAtWork(now));
    }

    /// <summary>How many snapshots of records these data sets have. Which of them hold records of one customer is told only by opening each.</summary>
    public int RecordSnapshotsOf(IEnumerable<DataSetId> dataSets) => dataSets.Sum(dataSet => _dataSets.GetValueOrDefault(dataSet).Snapshots);

    /// <summary>The names of data sets; of one without a snapshot its id.</summary>
    public IReadOnlyList<string> NamesOf(IEnumerable<DataSetId> dataSets) =>
        [.. dataSets.Select(dataSet => _dataSets.TryGetValue(dataSet, out var known) ? known.Name : dataSet.ToString()).Order(StringComparer.Ordinal)];

    /// <param name="subject">The name, where it shall stand in the certificate.</param>
    public ErasureCertificate Make(ErasureOutcome outcome, string? subject) => ErasureCertificate.Make(
        _owner,
        new CertifiedErasure(outcome, subject, NamesOf(outcome.DataSets), NamesOf(outcome.HeldDataSets), RecordSnapshotsOf(outcome.DataSets), _beyondUse));

    /// <summary>Writes the page, the JSON and its signature durably into a folder, never over another file.</summary>
    /// <returns>The path of the JSON.</returns>
    /// <exception cref="RequestException">CertificateNotWritable.</exception>
    public async Task<string> WriteAsync(ErasureCertificate certificate, string folder, CancellationToken cancellationToken)
    {
        var name = $"erasure-{certificate.Entry.Number:D10}-{certificate.Erasure.Outcome.Subject.ToString()[..16]}";
        try
        {
            Directory.CreateDirectory(folder);
            var path = FreeName(folder, name);
            await DurableFile.WriteAsync(path + ".html", CertificatePage.Render(_owner, certificate), DurableWriteOptions.Private, cancellationToken);
            await DurableFile.WriteAsync(
                path + ".json.sig", System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(certificate.Signature.Span) + "\n"), DurableWriteOptions.Private, cancellationToken);
            await DurableFile.WriteAsync(path + ".json", certificate.Json, DurableWriteOptions.Private, cancellationToken);
            return path + ".json";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(
                FaultCodes.CertificateNotWritable, $"The certificate of ledger entry {certificate.Entry.Number} could not be written to '{folder}': {exception.Message}", exception);
        }
    }

    private void AddWhatHasNoKeys(string what, IEnumerable<Snapshot> snapshots)
    {
        var dataSets = snapshots.Select(static snapshot => snapshot.DataSet).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (dataSets.Count > 0)
        {
            _beyondUse.Add($"{what} no keys of customers. If those of {string.Join(", ", dataSets)} hold data of the customer, it stays in their snapshots until they are removed.");
        }
    }

    /// <summary>A certificate that is issued again stands beside the first.</summary>
    private static string FreeName(string folder, string name)
    {
        for (var copy = 1; ; copy++)
        {
            var path = Path.Combine(folder, copy == 1 ? name : $"{name}-{copy}");
            if (!File.Exists(path + ".json") && !File.Exists(path + ".html"))
            {
                return path;
            }
        }
    }
}
