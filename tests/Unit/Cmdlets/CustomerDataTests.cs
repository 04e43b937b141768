using System.IO.Compression;
using System.Text.Json;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class CustomerDataTests : IDisposable
{
    private const string Prepare = """
        $null = New-BackupVault ./vault | Connect-BackupVault
        function Save-Member([string] $Note) {
            $null = 1..3 | ForEach-Object { [pscustomobject]@{ Id = $_; Note = $Note; Balance = -1.5d; Items = @(1, 2) } } | Start-CustomerBackup -DataSet members -SubjectProperty Id
        }
        Save-Member '=cmd|calc'; Save-Member '=cmd|calc'; Save-Member 'second, with "quotes"'
        $null = [pscustomobject]@{ Customer = 2; Total = 7 } | Start-CustomerBackup -DataSet orders -SubjectProperty Customer
        $null = Start-CustomerBackup ./crm

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Every_version_of_every_record_is_found_with_the_snapshots_that_hold_it()
    {
        var lines = await _place.LinesAsync(Prepare + """
            Get-CustomerData 2 | ForEach-Object { "$($_.DataSet) $($_.SnapshotCount) $($_.Record.Note)$($_.Record.Total)" }
            @(Get-CustomerData 2 -All).Count
            @(Get-CustomerData 2 -DataSet mem*).Count
            $one, $two = Get-CustomerData 2 -DataSet members
            "$($one.Snapshot -ne $one.LastSnapshot) $($two.Snapshot -eq $two.LastSnapshot) $($one.Time -lt $one.LastTime)"
            Get-ErrorId { Get-CustomerData nobody -ErrorAction Stop }
            @(Get-CustomerData nobody, 1, 3 -ErrorAction SilentlyContinue).Count
            Get-CustomerData 2 -DataSet orders
            """);
        Assert.Equal(
            ["members 2 =cmd|calc", "members 1 second, with \"quotes\"", "orders 1 7", "4", "2", "True True True", $"{FaultCodes.SubjectHasNoData}", "4"], lines.Take(8));
        Assert.Contains(lines.Skip(8), line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^Subject\s+DataSet\s+First\s+Last\s+Snapshots\s+Record"));
    }

    [Fact]
    public async Task A_package_holds_json_tables_a_page_and_where_each_record_came_from()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $package = Export-CustomerData 2 ./out.zip
            "$($package.RecordCount) $($package.DataSets -join '+') $([int] ($package.Expires - $package.Created).TotalDays)"
            $null = Export-CustomerData -Subject 2 -Path ./out -ExpiresAfterDays 7
            Get-ErrorId { Export-CustomerData 2 ./out }
            Get-ErrorId { Export-CustomerData 2 ./out.zip }
            Get-ErrorId { Export-CustomerData nobody ./none }
            Get-ErrorId { Export-CustomerData 2 ./vault/out }
            Get-ErrorId { Export-CustomerData 2 ./none/deep/out.zip }
            """);
        Assert.Equal(
            ["3 members+orders 30", $"{FaultCodes.ExportPlaceTaken}", $"{FaultCodes.ExportPlaceTaken}", $"{FaultCodes.SubjectHasNoData}", $"{FaultCodes.DestinationInsideVault}", $"{FaultCodes.ExportNotWritable}"],
            lines);
        using var zip = await ZipFile.OpenReadAsync(_place["out.zip"], TestContext.Current.CancellationToken);
        string[] names = ["README.txt", "data/members.csv", "data/members.json", "data/orders.csv", "data/orders.json", "manifest.json"];
        Assert.Equal(names, zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
        Assert.Equal(
            names, Directory.EnumerateFiles(_place["out"], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_place["out"], file).Replace('\\', '/')).Order(StringComparer.Ordinal));

        using var members = JsonDocument.Parse(File.ReadAllBytes(_place["out/data/members.json"]));
        Assert.Equal(["=cmd|calc", "second, with \"quotes\""], members.RootElement.EnumerateArray().Select(record => record.GetProperty("Note").GetString()));
        Assert.Equal(
            "\"Id\",\"Note\",\"Balance\",\"Items\"\r\n\"2\",\"'=cmd|calc\",\"-1.5\",\"[1,2]\"\r\n\"2\",\"second, with \"\"quotes\"\"\",\"-1.5\",\"[1,2]\"\r\n",
            File.ReadAllText(_place["out/data/members.csv"]));
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(_place["out/manifest.json"]));
        Assert.Equal("2", manifest.RootElement.GetProperty("subject").GetString());
        Assert.Equal([2, 1, 1], manifest.RootElement.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("snapshots").GetInt32()));
        foreach (var file in manifest.RootElement.GetProperty("files").EnumerateArray())
        {
            var content = File.ReadAllBytes(_place[$"out/{file.GetProperty("name").GetString()}"]);
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)), file.GetProperty("sha256").GetString());
        }

        if (!OperatingSystem.IsWindows())
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(_place["out"], "*", SearchOption.AllDirectories).Append(_place["out"]).Append(_place["out.zip"]))
            {
                Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(entry) & (UnixFileMode)0b000_111_111);
            }
        }
    }

    [Fact]
    public async Task Who_was_promised_her_data_gets_it_before_it_is_erased()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Export-CustomerData 1 ./one.zip
            $null = Export-CustomerData 2 ./two
            $null = Export-CustomerData 2 ./moved.zip
            [IO.File]::Move("$PWD/moved.zip", "$PWD/handed-over.zip")
            $errors = $null
            $done = '1', '2', '3' | Remove-CustomerData -Reason 'request' -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            "$($done.Subject) $($done.State); $($errors.FullyQualifiedErrorId.ForEach({ $_.Split(',')[0] })) $((1, 2).Where({ "$_" -in $errors.TargetObject }))"
            "$("$errors".Contains("$PWD/two")) $("$errors".Contains('moved'))"
            @(Get-CustomerData 1, 2).Count
            Remove-CustomerData 1 -Reason 'request' -WhatIf -Force
            [IO.File]::Delete("$PWD/one.zip")
            (Remove-CustomerData 1 -Reason 'request' -Confirm:$false).State
            (Remove-CustomerData 2 -Reason 'request' -Force -Confirm:$false).State
            "$([IO.Directory]::Exists("$PWD/two")) $([IO.File]::Exists("$PWD/handed-over.zip"))"
            """);
        Assert.Equal(
            ["3 Erased; " + $"{FaultCodes.ExportPending} {FaultCodes.ExportPending} 1 2", "True False", "5", lines[3], "Erased", "Erased", "False True"], lines);
        Assert.Contains("delete 1 packages that were not handed over", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIf_of_an_export_writes_nothing()
    {
        await _place.LinesAsync(Prepare);
        var before = _place.Picture();
        var lines = await _place.LinesAsync("Export-CustomerData 2 ./out.zip -Vault ./vault -WhatIf");
        Assert.Contains("What if:", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Equal(before, _place.Picture());
    }
}
