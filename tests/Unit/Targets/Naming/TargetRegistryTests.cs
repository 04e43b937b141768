using System.Collections.Immutable;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Tests.Unit.Targets.Naming;

public sealed class TargetRegistryTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TargetRegistry _registry;

    public TargetRegistryTests()
    {
        _registry = new TargetRegistry(_folder["config"]);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_saved_is_found_with_every_setting()
    {
        var settings = Offsite with
        {
            Options = ImmutableSortedDictionary<string, string>.Empty.Add("region", "eu-central-1").Add("ca", "/etc/täg \"x\".pem"),
            Credential = new CredentialReference(CredentialSource.Secret, "aws", "team"),
            MaxBytesPerSecond = 2_000_000,
            Timetable = ["Mon-Fri 08:00-18:00 2MB", "unlimited"],
            IsReadOnly = true,
        };
        await _registry.SaveAsync(settings, replaces: false, Cancel);

        var found = Assert.IsType<TargetSettings>(_registry.Find("offsite"));
        Assert.Equal(settings.Options, found.Options);
        Assert.Equal(settings.Timetable, found.Timetable);
        Assert.Equal(settings, found with { Options = settings.Options, Timetable = settings.Timetable });
        Assert.Equal(["offsite"], _registry.Names());
    }

    [Fact]
    public async Task Nobody_else_may_look_at_it()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no permission bits.");
            return;
        }

        await _registry.SaveAsync(Offsite, replaces: false, Cancel);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FileOf("offsite")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(FileOf("offsite"))!));
    }

    [Fact]
    public async Task A_name_is_given_once_unless_it_is_to_be_replaced()
    {
        await _registry.SaveAsync(Offsite, replaces: false, Cancel);
        var other = Offsite with { Address = TargetUri.Parse("gs://other") };

        Assert.Equal(FaultCodes.TargetNameTaken, (await Assert.ThrowsAsync<RequestException>(() => _registry.SaveAsync(other, replaces: false, Cancel))).Code);
        Assert.Equal(Offsite.Address, _registry.Find("offsite")?.Address);
        await _registry.SaveAsync(other, replaces: true, Cancel);
        Assert.Equal(other.Address, _registry.Find("offsite")?.Address);
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        Assert.Empty(_registry.Names());
        Assert.Null(_registry.Find("offsite"));
        Assert.Equal(FaultCodes.NoSuchTarget, Assert.Throws<RequestException>(() => _registry.Require("offsite")).Code);
        Assert.Equal(FaultCodes.NoSuchTarget, (await Assert.ThrowsAsync<RequestException>(() => _registry.RemoveAsync("offsite", Cancel))).Code);
        await _registry.SaveAsync(Offsite, replaces: false, Cancel);
        await _registry.RemoveAsync("offsite", Cancel);
        Assert.Empty(_registry.Names());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("Offsite")]
    [InlineData("../x")]
    [InlineData("a.b")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task A_name_that_is_none_leads_nowhere(string name)
    {
        Assert.False(_registry.Has(name));
        Assert.Equal(FaultCodes.TargetAddressInvalid, Assert.Throws<RequestException>(() => _registry.Find(name)).Code);
        Assert.Equal(FaultCodes.TargetAddressInvalid, (await Assert.ThrowsAsync<RequestException>(() => _registry.SaveAsync(Offsite with { Name = name }, replaces: true, Cancel))).Code);
        Assert.False(Directory.Exists(_registry.Folder));
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"name\": \"offsite\"", "\"name\": \"other\"")]
    [InlineData("\"options\": {}", "\"options\": []")]
    [InlineData("\"options\": {}", "\"options\": { \"region\": null }")]
    [InlineData("\"options\": {}", "\"options\": { \"region\": \"a\", \"region\": \"b\" }")]
    [InlineData("\"readOnly\": false", "\"readOnly\": false, \"secret\": \"x\"")]
    [InlineData("\"readOnly\": false", "\"readOnly\": 0")]
    [InlineData("\"kind\": \"none\"", "\"kind\": \"wish\"")]
    [InlineData("\"kind\": \"none\"", "\"kind\": \"17\"")]
    [InlineData("s3://bucket/prefix", "ftp://bucket/prefix")]
    [InlineData("\"registered\": null", "\"registered\": \"yesterday\"")]
    [InlineData("{", "")]
    public async Task A_file_that_is_not_understood_is_damaged_and_hides_no_other(string from, string to)
    {
        await _registry.SaveAsync(Offsite, replaces: false, Cancel);
        await _registry.SaveAsync(Offsite with { Name = "onsite" }, replaces: false, Cancel);
        var text = await File.ReadAllTextAsync(FileOf("offsite"), Cancel);
        Assert.Contains(from, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(FileOf("offsite"), text.Replace(from, to, StringComparison.Ordinal), Cancel);

        var exception = Assert.Throws<RequestException>(() => _registry.Find("offsite"));
        Assert.Equal(FaultCodes.TargetFileDamaged, exception.Code);
        Assert.Contains("'offsite'", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["onsite"], _registry.All().Select(static settings => settings.Name));
        Assert.Equal(["offsite", "onsite"], _registry.Names());
    }

    [Fact]
    public async Task A_file_that_is_far_too_long_is_not_read()
    {
        await _registry.SaveAsync(Offsite, replaces: false, Cancel);
        await File.WriteAllBytesAsync(FileOf("offsite"), Encoding.UTF8.GetBytes(new string(' ', 2 << 20)), Cancel);

        Assert.Equal(FaultCodes.TargetFileDamaged, Assert.Throws<RequestException>(() => _registry.Find("offsite")).Code);
    }

    [Fact]
    public void Its_folder_is_where_the_environment_says()
    {
        Assert.Equal("/somewhere", TargetRegistry.DefaultFolder(static name => name is "SECUREBACKUP_CONFIG" ? "/somewhere" : null));
        Assert.SkipWhen(OperatingSystem.IsWindows() || OperatingSystem.IsMacOS(), "XDG is of Linux.");
        Assert.Equal("/xdg/securebackup", TargetRegistry.DefaultFolder(static name => name is "XDG_CONFIG_HOME" ? "/xdg" : null));
        Assert.EndsWith("/.config/securebackup", TargetRegistry.DefaultFolder(static name => name is "XDG_CONFIG_HOME" ? "relative" : null), StringComparison.Ordinal);
    }

    private static TargetSettings Offsite => new() { Name = "offsite", Address = TargetUri.Parse("s3://bucket/prefix") };

    private string FileOf(string name) => Path.Combine(_registry.Folder, "targets", $"{name}.json");
}
