using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

public sealed class RootNamesTests
{
    [Theory]
    [InlineData("/data/crm", "crm")]
    [InlineData("/", "root")]
    [InlineData(@"C:\", "C")]
    [InlineData(@"D:\Data\crm", "crm")]
    [InlineData(@"\\server\share", "share")]
    public void TheLastComponentIsTheName(string path, string name) => Assert.Equal(name, RootNames.NameOf(path));

    [Fact]
    public void TakenNamesAreNumberedInTheOrderGiven()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Unix paths.");
        }

        var roots = RootNames.Assign(["/a/crm", "/b/CRM/", "/c/crm-2", "/d/crm", "/a/./crm/"]);
        Assert.Equal(["crm", "CRM-3", "crm-2", "crm-4"], roots.Select(root => root.Name));
        Assert.Equal("/b/CRM", roots[1].Path);
    }

    [Fact]
    public void ABackslashIsPartOfANameOnUnix()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Unix paths.");
        }

        Assert.Equal(@"a\b", RootNames.Assign([@"/x/a\b"])[0].Name);
    }

    [Fact]
    public void ARelativePathIsABug() => Assert.Throws<ArgumentException>(() => RootNames.Assign(["crm"]));
}
