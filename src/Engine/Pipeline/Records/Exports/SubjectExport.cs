using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Makes the package of one customer. From its first moment on it is known to this host; in its last one the ledger is looked at again.</summary>
public static class SubjectExport
{
    /// <param name="package">Without its records.</param>
    /// <param name="path">A name that does not exist; one that ends with .zip becomes a file.</param>
    /// <returns>The package as it was written, and its size.</returns>
    /// <exception cref="RequestException">ExportPlaceTaken, ExportNotWritable, SubjectHasNoData, ErasedWhileExported: there is no package.</exception>
    public static async Task<(SubjectPackage Package, long SizeBytes)> RunAsync(
        VaultReader reader, IReadOnlyList<Snapshot> snapshots, SubjectPackage package, string path, IEngineSink sink, CancellationToken cancellationToken)
    {
        // Known before it is there: a crash between the two leaves an entry about nothing, and never a package that nobody remembers.
        var registry = new ExportRegistry(reader.Vault);
        await registry.AddAsync(package, path, cancellationToken);
        using var writer = SubjectPackageWriter.Begin(package, path);
        var before = await DomainsAsync(reader, package.Subject, cancellationToken);
        var tally = new RecordTally();
        using var browser = await RecordBrowser.OpenAsync(reader, sink, readAheadBytes: 0, cancellationToken);
        package = package with { Versions = await browser.HistoryAsync(snapshots, package.Subject, tally, cancellationToken), Faults = tally.Faults };
        if (package.Versions.Count == 0)
        {
            throw new RequestException(FaultCodes.SubjectHasNoData, $"The backups hold nothing of '{package.Subject}' that could be opened.");
        }

        var sizeBytes = await writer.WriteAsync(package, cancellationToken);
        if (!before.IsSubsetOf(await DomainsAsync(reader, package.Subject, cancellationToken)))
        {
            await registry.WithdrawAsync(package, CancellationToken.None);
            throw new RequestException(FaultCodes.ErasedWhileExported, $"Data of '{package.Subject}' was erased while the package at {path} was made.");
        }

        return (package, sizeBytes);
    }

    /// <summary>What can be opened of the customer, by the ledger as it is now.</summary>
    private static async Task<HashSet<DomainId>> DomainsAsync(VaultReader reader, string subject, CancellationToken cancellationToken)
    {
        using var keyring = await SubjectKeyring.OpenAsync(reader, cancellationToken);
        var domains = new HashSet<DomainId>();
        foreach (var entry in await keyring.OfSubjectAsync(subject, cancellationToken))
        {
            domains.Add(entry.Domain);
            entry.Dispose();
        }

        return domains;
    }
}
