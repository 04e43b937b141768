using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Destinations;

public sealed class NameRulesTests
{
    [Theory]
    [InlineData("CON")]
    [InlineData("con.txt")]
    [InlineData("PRN")]
    [InlineData("aux .log")]
    [InlineData("NUL.tar.gz")]
    [InlineData("COM1")]
    [InlineData("com¹")]
    [InlineData("LPT9.x")]
    [InlineData("CONIN$")]
    [InlineData("conout$")]
    [InlineData("file:stream")]
    [InlineData("file::$DATA")]
    [InlineData("C:")]
    [InlineData(@"a\b")]
    [InlineData("a*")]
    [InlineData("a?")]
    [InlineData("a\"b")]
    [InlineData("<a")]
    [InlineData("a|b")]
    [InlineData("a.")]
    [InlineData("a ")]
    [InlineData("a\u0001b")]
    public void What_windows_reads_as_something_else_is_refused_there_alone(string name)
    {
        var path = EntryPath.Root.Append(Encoding.UTF8.GetBytes(name));

        Assert.Equal(FaultCodes.HostileEntryName, NameRules.Refuse(path, NameOrigin.Wtf8, NameHost.Windows)?.Code);
        Assert.Equal(FaultCodes.NameNotRepresentable, NameRules.Refuse(path, NameOrigin.UnixBytes, NameHost.Windows)?.Code);
        Assert.Null(NameRules.Refuse(path, NameOrigin.UnixBytes, NameHost.Linux));
    }

    [Theory]
    [InlineData("console")]
    [InlineData("COM10")]
    [InlineData("COM")]
    [InlineData("nul1")]
    [InlineData(".hidden")]
    [InlineData("übung 1.txt")]
    [InlineData("…")]
    public void Ordinary_names_pass_everywhere(string name)
    {
        var path = EntryPath.Root.Append(Encoding.UTF8.GetBytes(name));
        foreach (var host in Enum.GetValues<NameHost>())
        {
            Assert.Null(NameRules.Refuse(path, NameOrigin.UnixBytes, host));
            Assert.Null(NameRules.Refuse(path, NameOrigin.Wtf8, host));
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_exist_on_linux_alone()
    {
        var path = EntryPath.Root.Append([0x66, 0xFF]);

        Assert.Null(NameRules.Refuse(path, NameOrigin.UnixBytes, NameHost.Linux));
        Assert.Equal(FaultCodes.NameNotRepresentable, NameRules.Refuse(path, NameOrigin.UnixBytes, NameHost.MacOS)?.Code);
        Assert.Equal(FaultCodes.NameNotRepresentable, NameRules.Refuse(path, NameOrigin.UnixBytes, NameHost.Windows)?.Code);
    }

    [Fact]
    public void Lone_surrogates_come_back_on_windows_alone()
    {
        byte[] name = [0x61, 0xED, 0xA0, 0x80];
        var path = EntryPath.Root.Append(name);

        Assert.True(Wtf8.TryDecode(name, out var text));
        Assert.Equal("a\uD800", text);
        Assert.Null(NameRules.Refuse(path, NameOrigin.Wtf8, NameHost.Windows));
        Assert.Equal(FaultCodes.NameNotRepresentable, NameRules.Refuse(path, NameOrigin.UnixBytes, NameHost.Windows)?.Code);
        Assert.Equal(FaultCodes.NameNotRepresentable, NameRules.Refuse(path, NameOrigin.Wtf8, NameHost.MacOS)?.Code);
    }
}
