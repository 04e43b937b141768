using Mono.Cecil;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Architecture;

public sealed class LayerTests
{
    private const string Page = "docs/design/layers.md";

    [Fact]
    public void Every_room_uses_only_what_the_table_lets_it_use()
    {
        using var engine = Open();
        var rows = LayerTable.Rows.ToDictionary(row => row.Room, StringComparer.Ordinal);
        var uses = EngineReferences.Uses(engine).ToList();
        Assert.NotEmpty(uses);
        var wrong = uses
            .Where(use => !rows.TryGetValue(use.FromRoom, out var row) || !row.MayUse.Contains(use.ToRoom, StringComparer.Ordinal))
            .Select(use => $"{use.FromType} uses {use.ToType}, but {use.FromRoom} may not use {use.ToRoom}: {rows.GetValueOrDefault(use.FromRoom)?.Because}")
            .Order(StringComparer.Ordinal).ToList();
        Assert.True(wrong.Count == 0, $"See {Page}.\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void Every_type_stands_in_a_room_of_the_table()
    {
        using var engine = Open();
        var known = LayerTable.Rows.Select(row => row.Room).ToHashSet(StringComparer.Ordinal);
        var homeless = EngineReferences.Types(engine).Where(type => !known.Contains(EngineReferences.RoomOf(type)!)).Select(type => type.FullName).ToList();
        Assert.True(homeless.Count == 0, $"These types stand in no room of {Page}:\n{string.Join('\n', homeless)}");
    }

    /// <summary>A room is allowed nothing that could lead back to it, the ground excepted, whose two first rooms name each other.</summary>
    [Fact]
    public void The_table_has_no_way_back()
    {
        var rows = LayerTable.Rows.ToDictionary(row => row.Room, StringComparer.Ordinal);
        foreach (var row in LayerTable.Rows.Where(row => row.Room is not ("Primitives" or "Faults")))
        {
            var reached = new HashSet<string>(StringComparer.Ordinal);
            var open = new Queue<string>(row.MayUse);
            while (open.TryDequeue(out var room))
            {
                if (reached.Add(room))
                {
                    Array.ForEach(rows[room].MayUse, open.Enqueue);
                }
            }

            Assert.DoesNotContain(row.Room, reached);
        }
    }

    [Fact]
    public void The_page_shows_the_table_that_is_checked()
    {
        Assert.Equal(LayerTable.Rows.Select(row => row.AsMarkdown), RowsOf("# The layers of the engine"));
    }

    /// <summary>Of the first table below a heading of the page.</summary>
    internal static IEnumerable<string> RowsOf(string heading) => Repository.Read(Page).Split('\n')
        .SkipWhile(line => !string.Equals(line, heading, StringComparison.Ordinal)).Skip(1)
        .TakeWhile(line => !line.StartsWith('#'))
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2);

    private static ModuleDefinition Open() => ModuleDefinition.ReadModule(typeof(FaultCode).Assembly.Location);
}
