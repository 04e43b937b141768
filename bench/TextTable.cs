namespace SecureBackup.Bench;

/// <summary>A table as the documents have them; without rows it is not printed.</summary>
internal sealed class TextTable(IReadOnlyList<string> heads)
{
    private readonly List<IReadOnlyList<string>> _rows = [];

    internal void Add(IReadOnlyList<string> row) => _rows.Add(row);

    internal void Print()
    {
        if (_rows.Count == 0)
        {
            return;
        }

        Console.WriteLine($"| {string.Join(" | ", heads)} |");
        Console.WriteLine($"|{string.Concat(heads.Select(head => IsText(head) ? "---|" : "--:|"))}");
        foreach (var row in _rows)
        {
            Console.WriteLine($"| {string.Join(" | ", row)} |");
        }

        Console.WriteLine();
    }

    private bool IsText(string head)
    {
        var column = heads.ToList().IndexOf(head);
        return _rows.TrueForAll(row => !row[column].Any(char.IsAsciiDigit) || row[column].Any(char.IsAsciiLetter));
    }
}
