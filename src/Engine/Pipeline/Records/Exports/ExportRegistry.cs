using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>One package that this host wrote.</summary>
/// <param name="Subject">Whose it is: the pseudonym, never the name.</param>
internal sealed record ExportedPackage(Guid Id, SubjectPseudonym Subject, string Path, Timestamp Expires);

/// <summary>
/// What this host knows of the packages that it wrote, sealed to this member: so that they go when they have expired, and when their customer is erased. It lies with the host's other memory and may be
/// lost like that; the day of expiry stands in each package as well.
/// </summary>
public sealed class ExportRegistry(UnlockedVault vault)
{
    private const int MaxPackages = 100_000;
    private const int MaxPathBytes = 65_536;
    private const int MaxPlainBytes = 64 * 1024 * 1024;
    private const int MaxTurns = 200;

    private static readonly TimeSpan BetweenTurns = TimeSpan.FromMilliseconds(25);

    private readonly SealedHostFile _file = new(vault, "exports", "sb1/cache"u8.ToArray(), MaxPlainBytes);

    public async Task AddAsync(SubjectPackage package, string path, CancellationToken cancellationToken)
    {
        var added = new ExportedPackage(package.Id, vault.Keys.PseudonymOf(package.Subject), System.IO.Path.GetFullPath(path), Timestamp.From(package.Expires));
        await using var turn = await TakeTurnAsync(cancellationToken);
        await WriteAsync([.. Read(), added], cancellationToken);
    }

    /// <summary>Deletes packages whose day is over.</summary>
    /// <returns>The paths that were deleted.</returns>
    public Task<IReadOnlyList<string>> RemoveExpiredAsync(CancellationToken cancellationToken) =>
        RemoveAsync(package => package.Expires.CompareTo(vault.Now) <= 0, cancellationToken);

    /// <summary>Deletes every package of a subject: an erasure that left them would leave her data.</summary>
    /// <returns>The paths that were deleted.</returns>
    public Task<IReadOnlyList<string>> RemoveOfSubjectAsync(string subject, CancellationToken cancellationToken) =>
        RemoveOfSubjectAsync(vault.Keys.PseudonymOf(subject), cancellationToken);

    /// <inheritdoc cref="RemoveOfSubjectAsync(string, CancellationToken)"/>
    public Task<IReadOnlyList<string>> RemoveOfSubjectAsync(SubjectPseudonym subject, CancellationToken cancellationToken) =>
        RemoveAsync(package => package.Subject == subject, cancellationToken);

    /// <summary>
    /// Packages of a subject that were asked for and not handed over yet: they are being made, or lie where they were written and have not expired. Who was promised her data gets
    /// it before it is erased.
    /// </summary>
    public IReadOnlyList<string> PendingOfSubject(SubjectPseudonym subject) =>
    [
        .. Read()
            .Where(package => package.Subject == subject && package.Expires.CompareTo(vault.Now) > 0 && SubjectPackageFiles.IsThere(package.Path, package.Id))
            .Select(static package => package.Path),
    ];

    /// <summary>Deletes a package that should not have been written.</summary>
    public Task WithdrawAsync(SubjectPackage package, CancellationToken cancellationToken) => RemoveAsync(known => known.Id == package.Id, cancellationToken);

    /// <summary>A crash after a package is gone and before the registry says so costs one more look at an empty place.</summary>
    private async Task<IReadOnlyList<string>> RemoveAsync(Func<ExportedPackage, bool> isOver, CancellationToken cancellationToken)
    {
        await using var turn = await TakeTurnAsync(cancellationToken);
        var all = Read();
        var ends = all.Where(isOver).Select(static package => (Package: package, End: SubjectPackageFiles.Delete(package.Path, package.Id))).ToList();
        foreach (var (package, _) in ends.Where(static item => item.End == PackageEnd.Left))
        {
            vault.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"The customer's package at {package.Path} is over, and could not be deleted or was changed by somebody; delete it by hand.", FaultCodes.ExportNotWritable));
        }

        var settled = ends.Where(item => item.End == PackageEnd.Deleted || (item.End == PackageEnd.NotThere && !MayComeBack(item.Package))).Select(static item => item.Package).ToHashSet();
        if (settled.Count > 0)
        {
            await WriteAsync([.. all.Where(package => !settled.Contains(package))], cancellationToken);
        }

        return [.. ends.Where(static item => item.End == PackageEnd.Deleted).Select(static item => item.Package.Path)];
    }

    /// <summary>Its disk may be one that is not plugged in today. After a year nobody waits for it any more.</summary>
    private bool MayComeBack(ExportedPackage package) =>
        !Directory.Exists(System.IO.Path.GetDirectoryName(package.Path)) && package.Expires.ToDateTimeOffset().AddYears(1) > vault.Time.GetUtcNow();

    /// <summary>Two that read and write at the same time would forget a package. Where the host keeps nothing, there is nothing to wait for.</summary>
    private async Task<FileStream?> TakeTurnAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(vault.Host.FolderOf(vault.Id));
                return new FileStream(_file.FullPath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < MaxTurns)
            {
                await Task.Delay(BetweenTurns, vault.Time, cancellationToken);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    private IReadOnlyList<ExportedPackage> Read()
    {
        try
        {
            using var plain = _file.TryRead();
            return plain is null ? [] : Decode(plain.Memory.ToArray());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or BackupException)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"What this host knows of exported packages cannot be read: {failure.Message}", FaultCodes.HostStateUnusable));
            return [];
        }
    }

    private async Task WriteAsync(IReadOnlyList<ExportedPackage> packages, CancellationToken cancellationToken)
    {
        try
        {
            await _file.WriteAsync(Encode(packages), cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            vault.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"This host cannot keep in mind which packages it wrote, so that it will not delete them: {failure.Message}", FaultCodes.HostStateUnusable));
        }
    }

    private static byte[] Encode(IReadOnlyList<ExportedPackage> packages) => new CborMapWriter().BeginMap().Key(0).Array(packages, static (writer, package) => writer
        .BeginArray(4).Bytes(package.Id.ToByteArray(bigEndian: true)).Id(package.Subject.Value).Text(package.Path).Time(package.Expires).EndArray()).EndMap().Encode();

    private static IReadOnlyList<ExportedPackage> Decode(ReadOnlyMemory<byte> plain)
    {
        IReadOnlyList<ExportedPackage> packages = [];
        var reader = CborMapReader.OfMap(plain, "list of exported packages");
        while (reader.NextKey(out var key))
        {
            packages = key == 0 ? reader.ReadArray(MaxPackages, ReadPackage) : throw reader.UnknownKey(key);
        }

        return packages;
    }

    private static ExportedPackage ReadPackage(CborMapReader reader)
    {
        reader.BeginTuple(4);
        var package = new ExportedPackage(
            new Guid(reader.ReadExactBytes(16).Span, bigEndian: true), new SubjectPseudonym(reader.ReadId()), reader.ReadText(MaxPathBytes), reader.ReadTime());
        reader.EndArray();
        return package;
    }
}
