using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class CustomerRecordTests : IDisposable
{
    private const string Prepare = """
        $null = New-BackupVault ./vault | Connect-BackupVault
        class Rating { [int] $Stars; [string] $Text }
        function New-Cased { $map = [Collections.Specialized.OrderedDictionary]::new(); $map.Add('b', 1); $map.Add('B', 2); $map }
        function New-Member([int] $Id, [string] $Note = 'first') {
            [pscustomobject]@{
                MemberId = $Id; Name = "Name of $Id"; Note = $Note; Joined = [datetime]::new(2020, 1, 2, 3, 4, 5, 6, [DateTimeKind]::Utc); Balance = 1.50d; Photo = [byte[]](1, 2, $Id)
                Tags = 'a', 'b'; Numbers = [int[]](1, 2); Words = [string[]]('x', 'y'); Links = [uri[]]('http://a/', 'http://b/'); Cased = (New-Cased); Day = [DayOfWeek]::Friday; Nested = [pscustomobject]@{ Street = 'Main'; More = @{ Zip = '0042'; n = [long] 7 } }
                Ordered = [ordered]@{ z = 1; a = 2 }; Nothing = $null; Flag = $true; Ref = [guid]::new([byte[]]::new(16)); Big = [bigint]::Pow(2, 100); Rated = [Rating]@{ Stars = 5; Text = 'fine' }
            }
        }
        function Get-Shape($Value) {
            $base = $Value
            if ($null -eq $base) { return 'null' }
            if ($base -is [string]) { return "'$base'" }
            if ($base -is [Collections.Specialized.OrderedDictionary]) { return 'ordered(' + (@($base.Keys | ForEach-Object { "$_=" + (Get-Shape $base[$_]) }) -join ' ') + ')' }
            if ($base -is [hashtable]) { return 'table(' + (@([Linq.Enumerable]::Order([string[]] @($base.Keys)) | ForEach-Object { "$_=" + (Get-Shape $base[$_]) }) -join ' ') + ')' }
            if ($base -is [Collections.IEnumerable]) { return $base.GetType().Name + '(' + (@($base | ForEach-Object { Get-Shape $_ }) -join ' ') + ')' }
            if ($base -is [datetime]) { return "datetime $($base.Ticks) $($base.Kind)" }
            if ($base -is [ValueType] -or $base -is [bigint]) { return "$($base.GetType().Name) $([string] $base)" }
            'object(' + (@($base.PSObject.Properties | ForEach-Object { "$($_.Name)=" + (Get-Shape $_.Value) }) -join ' ') + ')'
        }

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Objects_come_back_equal_with_types_nesting_and_the_order_of_their_properties()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $members = 1..3 | ForEach-Object { New-Member $_ }
            $backup = $members | Start-CustomerBackup -DataSet members -SubjectProperty MemberId
            "$($backup.Outcome) $($backup.RecordCount) $($backup.SubjectCount)"
            $back = @(Restore-CustomerBackup -DataSet members)
            $before = [Linq.Enumerable]::Order([string[]] @($members | ForEach-Object { Get-Shape $_ }))
            $after = [Linq.Enumerable]::Order([string[]] @($back | ForEach-Object { Get-Shape $_ }))
            ($before -join '|') -ceq ($after -join '|')
            $back[0].Day.GetType().FullName; $back[0].Numbers.GetType().Name; $back[0].Rated.PSTypeNames[0]; $back[0].Balance
            (Restore-CustomerBackup -DataSet members -Subject 2).Name
            """);
        Assert.Equal(["Succeeded 3 3", "True", "System.DayOfWeek", "Int32[]", "Rating", "1.50", "Name of 2"], lines);
    }

    [Fact]
    public async Task What_would_be_ignored_is_refused_before_anything_is_taken_in()
    {
        var lines = await _place.LinesAsync(Prepare + $$"""
            $taken = [Collections.Generic.List[int]]::new()
            Get-ErrorId { 1..3 | ForEach-Object { $taken.Add($_); $_ } | Start-CustomerBackup -DataSet plain -Exclude '*.tmp' -Force }
            Get-ErrorId { 1..3 | ForEach-Object { $taken.Add($_); $_ } | Start-CustomerBackup -DataSet plain -Vault ./nowhere }
            "$($taken.Count) taken"
            $null = 1..3 | Start-CustomerBackup -DataSet plain
            $null = Start-CustomerBackup ./crm
            foreach ($try in { Restore-CustomerBackup -DataSet plain -Overwrite Always }, { Restore-CustomerBackup -DataSet plain -Mirror -AsJob }, { Restore-CustomerBackup -DataSet crm -Destination ./back -Subject 7 },
                { Restore-CustomerBackup -DataSet plain -Destination ./back }, { Restore-CustomerBackup -DataSet plain -Destination ./back -WhatIf }) { Get-ErrorId $try }
            [IO.Directory]::Exists([IO.Path]::Combine($PWD.Path, 'back'))
            Get-ErrorId { Optimize-BackupVault -For 30 }
            """);
        var destination = $"{FaultCodes.DestinationNotGiven}";
        var files = $"{FaultCodes.RecordsAreNotFiles}";
        Assert.Equal(
            [$"{FaultCodes.ParameterOfOtherKind}", $"{FaultCodes.TargetNotFound}", "2 taken", destination, destination, $"{FaultCodes.ParameterOfOtherKind}", files, files, "False", "ParameterArgumentTransformationError"],
            lines.Where(static line => !line.StartsWith("What if", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Each_customer_is_erased_in_the_vault_that_she_came_with()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = New-BackupVault ./other -KeyFile ./other.key | Connect-BackupVault -KeyFile ./other.key
            foreach ($vault in './vault', './other') { $null = 7, 9 | ForEach-Object { New-Member $_ } | Start-CustomerBackup -DataSet members -SubjectProperty MemberId -Vault $vault }
            $found = @(Get-CustomerData 7 -Vault ./vault) + @(Get-CustomerData 9 -Vault ./other)
            (@($found | Get-CustomerData | ForEach-Object { $_.Subject }) -join ' ')
            @($found | Remove-CustomerData -Reason 'asked' -Confirm:$false | ForEach-Object { "$([IO.Path]::GetFileName($_.Vault)) $($_.Subject) $($_.State)" })
            foreach ($vault in './vault', './other') { @(Restore-CustomerBackup -DataSet members -Vault $vault -WarningAction SilentlyContinue | ForEach-Object { $_.MemberId }) -join ' ' }
            """);
        Assert.Equal(["7 9", "vault 7 Erased", "other 9 Erased", "9", "7"], lines);
    }

    [Fact]
    public async Task Texts_files_and_folders_are_paths_and_other_objects_are_records()
    {
        var lines = await _place.LinesAsync(Prepare + """
            ('./crm' | Start-CustomerBackup).FileCount
            ([IO.DirectoryInfo]::new([IO.Path]::Combine($PWD.Path, 'crm')) | Start-CustomerBackup).FileCount
            (1, 2.5, (New-Member 7) | Start-CustomerBackup -DataSet plain).RecordCount
            @(Restore-CustomerBackup -DataSet plain).Count
            Get-ErrorId { 1, ([IO.DirectoryInfo]::new([IO.Path]::Combine($PWD.Path, 'crm'))) | Start-CustomerBackup -DataSet mixed }
            Get-ErrorId { 1 | Start-CustomerBackup }
            Get-ErrorId { New-Member 1 | Start-CustomerBackup -DataSet m -SubjectProperty Nobody }
            Get-ErrorId { @() | Start-CustomerBackup -DataSet m -SubjectProperty Nobody }
            Get-ErrorId { Restore-CustomerBackup -DataSet crm }
            Get-ErrorId { $null = Start-CustomerBackup -DataSet s -SubjectProperty MemberId -InputObject (New-Member 1); Restore-CustomerBackup -DataSet s -Destination ./back }
            """);
        Assert.Equal(
            [
                "3", "3", "3", "3", $"{FaultCodes.PathsAndRecordsMixed}", $"{FaultCodes.RecordsNeedDataSet}", $"{FaultCodes.NoRecordHasSubject}", $"{FaultCodes.SourceEmpty}",
                $"{FaultCodes.DestinationNotGiven}", $"{FaultCodes.RecordsAreNotFiles}",
            ],
            lines);
    }

    [Fact]
    public async Task What_cannot_be_stored_is_a_fault_of_its_record_and_the_others_go_on()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $cyclic = New-Member 2; $cyclic.Nested = $cyclic
            $secret = New-Member 3; $secret.Note = [securestring]::new()
            $script = New-Member 4; $script.Note = { 1 }
            $nobody = New-Member 5; $nobody.PSObject.Properties.Remove('MemberId')
            $backup = (New-Member 1), $cyclic, $secret, $script, $nobody, (New-Member 6) | Start-CustomerBackup -DataSet members -SubjectProperty MemberId -ErrorAction SilentlyContinue
            "$($backup.Outcome) $($backup.RecordCount)"
            $backup.Faults | ForEach-Object { "$($_.Code) $($_.Path) $($_.Message.Split([char] 39)[1])" }
            (Restore-CustomerBackup -DataSet members).MemberId
            """);
        Assert.Equal("SucceededDegraded 2", lines[0]);
        Assert.Equal(
            [
                $"{FaultCodes.RecordCyclic} (record 2) Nested", $"{FaultCodes.RecordValueRefused} (record 3) Note", $"{FaultCodes.RecordValueRefused} (record 4) Note",
                $"{FaultCodes.SubjectMissing} (record 5)",
            ],
            lines.Skip(1).Take(4).Select(line => line.Trim()));
        Assert.Equal(["1", "6"], lines.Skip(5).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Numbers_and_their_texts_are_one_customer_and_a_path_leads_to_the_property()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $orders = 42, [long] 42, 42.0, 42.0d, '42', '042' | ForEach-Object { [pscustomobject]@{ Customer = @{ Id = $_ } } }
            ($orders | Start-CustomerBackup -DataSet orders -SubjectProperty Customer.Id).SubjectCount
            @(Restore-CustomerBackup -DataSet orders -Subject 42).Count
            $cards = 4111111111111111, 4111111111111111d, '4111111111111111', -0.0d, 0, '  ', "`t" | ForEach-Object { [pscustomobject]@{ Card = $_ } }
            $run = $cards | Start-CustomerBackup -DataSet cards -SubjectProperty Card -WarningAction SilentlyContinue -ErrorAction SilentlyContinue
            "$($run.SubjectCount) $($run.RecordCount) $($run.Faults.Count)"
            """);
        Assert.Equal(["2", "5", "2 5 2"], lines);
    }

    [Fact]
    public async Task Records_of_an_older_shape_come_as_they_were_or_in_the_shape_that_is_asked_for()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = [pscustomobject]@{ Id = 1; Name = 'Ada'; Fax = '1' } | Start-CustomerBackup -DataSet m -SubjectProperty Id
            $old = Get-CustomerBackup -DataSet m
            $null = [pscustomobject]@{ Id = 1; Phone = '2'; Name = 'Ada' } | Start-CustomerBackup -DataSet m -SubjectProperty Id
            (Restore-CustomerBackup $old).PSObject.Properties.Name -join ','
            (Restore-CustomerBackup -DataSet m).PSObject.Properties.Name -join ','
            $shaped = Restore-CustomerBackup $old -Property Id, Phone, Name
            "$($shaped.PSObject.Properties.Name -join ',') $($null -eq $shaped.Phone) $($shaped.Name)"
            """);
        Assert.Equal(["Id,Name,Fax", "Id,Phone,Name", "Id,Phone,Name True Ada"], lines);
    }

    [Fact]
    public async Task A_record_with_a_property_Vault_does_not_choose_the_vault()
    {
        var lines = await _place.LinesAsync(Prepare + """
            ([pscustomobject]@{ Id = 1; Vault = './elsewhere' } | Start-CustomerBackup -DataSet m -SubjectProperty Id).RecordCount
            (Restore-CustomerBackup -DataSet m).Vault
            """);
        Assert.Equal(["1", "./elsewhere"], lines);
    }

    [Fact]
    public async Task WhatIf_of_records_writes_nothing()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault");
        var before = _place.Picture();
        var lines = await _place.LinesAsync("1 | Start-CustomerBackup -Vault ./vault -DataSet m -WhatIf");
        Assert.Contains("What if:", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Equal(before, _place.Picture());
    }

    [Fact]
    public async Task A_run_that_is_stopped_while_objects_come_leaves_no_spilled_file_and_no_session()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks at open files through /proc.");
        _place.Environment["TMPDIR"] = Directory.CreateDirectory(_place["spill"]).FullName;
        var lines = await _place.LinesAsync("""
            function Get-Spill { @([IO.Directory]::GetFiles('/proc/self/fd').ForEach({ [IO.FileInfo]::new($_).LinkTarget }).Where({ "$_".Contains("$PWD/spill/") })).Count }
            $null = New-BackupVault ./vault
            $runner = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $null = $runner.AddScript({
                param($module, $place)
                Import-Module $module
                1..100000000 | ForEach-Object { [pscustomobject]@{ Id = $_ } } | Start-CustomerBackup -DataSet members -SubjectProperty Id -Vault "$place/vault"
                'not stopped'
            }).AddArgument($env:SECUREBACKUP_MODULE).AddArgument("$PWD")
            $output = [Management.Automation.PSDataCollection[psobject]]::new()
            $running = $runner.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
            while ((Get-Spill) -eq 0 -and -not $running.IsCompleted) { $null = $running.AsyncWaitHandle.WaitOne(5) }
            "spilled $(Get-Spill)"
            $runner.Stop()
            "$($runner.InvocationStateInfo.State) $($output.Count), spilled $(Get-Spill)"
            @(Get-CustomerBackup -Vault ./vault).Count
            [IO.Directory]::Exists("$PWD/vault/sessions")
            $next = 1..3 | ForEach-Object { [pscustomobject]@{ Id = $_ } } | Start-CustomerBackup -DataSet members -SubjectProperty Id -Vault ./vault
            "$($next.RecordCount) $($next.Outcome), spilled $(Get-Spill)"
            """);
        Assert.Equal(["spilled 1", "Stopped 0, spilled 0", "0", "False", "3 Succeeded, spilled 0"], lines);
        Assert.Empty(Directory.GetFileSystemEntries(_place["spill"]));
    }

    [Fact]
    public async Task A_job_takes_the_records_along()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $job = 1..3 | ForEach-Object { New-Member $_ } | Start-CustomerBackup -DataSet members -SubjectProperty MemberId -AsJob
            ($job | Wait-Job | Receive-Job).RecordCount
            @(Restore-CustomerBackup -DataSet members).Count
            """);
        Assert.Equal(["3", "3"], lines);
    }
}
