namespace SecureBackup.Tests.Unit.Architecture;

public sealed class FileSizeTests
{
    private const int UsualLines = 300;
    private const int MostLines = 500;
    private const string Reason = "// Reason for length: ";

    [Fact]
    public void Every_file_can_be_read_in_one_sitting()
    {
        var files = Repository.SourceFiles("src", "tools").Select(path => (Path: path, Lines: Repository.Read(path).TrimEnd('\n').Split('\n'))).ToList();
        Assert.NotEmpty(files);
        var tooLong = files
            .Where(file => file.Lines.Length > MostLines || (file.Lines.Length > UsualLines && !file.Lines[0].StartsWith(Reason, StringComparison.Ordinal)))
            .Select(file => $"{file.Path} has {file.Lines.Length} lines");
        Assert.True(
            !tooLong.Any(),
            $"A file over {UsualLines} lines says why in its first line ('{Reason}…'); none has more than {MostLines}.\n{string.Join('\n', tooLong)}");
    }
}
