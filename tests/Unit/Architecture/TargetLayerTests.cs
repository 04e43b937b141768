using Mono.Cecil;
using SecureBackup.Targets;

namespace SecureBackup.Tests.Unit.Architecture;

public sealed class TargetLayerTests
{
    private const string Page = "docs/design/layers.md";
    private const string Prefix = "SecureBackup.Targets";

    /// <summary>What stands in no room is the door: it knows every room, and no room knows it, but for what it hands in.</summary>
    private const string Door = $"'{Prefix}'";

    private static readonly string[] HandedIn = ["OpenContext", "OptionReader", "ListingOrder"];

    [Fact]
    public void One_platform_never_knows_another()
    {
        using var stores = Open();
        var rows = TargetLayerTable.Rows.ToDictionary(row => row.Room, StringComparer.Ordinal);
        var uses = EngineReferences.Uses(stores, Prefix).Where(static use => use.FromRoom is not Door).ToList();
        Assert.NotEmpty(uses);
        var wrong = uses
            .Where(use => use.ToRoom is Door ? !HandedIn.Any(type => string.Equals(use.ToType, $"{Prefix}.{type}", StringComparison.Ordinal)) : !rows.TryGetValue(use.FromRoom, out var row) || !row.MayUse.Contains(use.ToRoom, StringComparer.Ordinal))
            .Select(use => $"{use.FromType} uses {use.ToType}, but {use.FromRoom} may not use {use.ToRoom}: {rows.GetValueOrDefault(use.FromRoom)?.Because}")
            .Order(StringComparer.Ordinal).ToList();
        Assert.True(wrong.Count == 0, $"See {Page}.\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void Of_the_engine_they_use_what_moves_bytes_and_nothing_that_opens_them()
    {
        using var stores = Open();
        var uses = EngineReferences.UsesOfEngine(stores, Prefix).ToList();
        Assert.NotEmpty(uses);
        var wrong = uses.Where(static use => !TargetLayerTable.EngineRooms.Contains(use.ToRoom, StringComparer.Ordinal)).Select(static use => $"{use.FromType} uses {use.ToType}").ToList();
        Assert.True(wrong.Count == 0, $"See {Page}.\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void Every_type_stands_in_a_room_of_the_table()
    {
        using var stores = Open();
        var known = TargetLayerTable.Rows.Select(row => row.Room).Append(Door).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(EngineReferences.Types(stores, Prefix).Where(type => !known.Contains(EngineReferences.RoomOf(type, Prefix)!)).Select(type => type.FullName));
    }

    [Fact]
    public void The_page_shows_the_table_that_is_checked() =>
        Assert.Equal(TargetLayerTable.Rows.Select(static row => row.AsMarkdown), LayerTests.RowsOf("## The part for object stores"));

    private static ModuleDefinition Open() => ModuleDefinition.ReadModule(typeof(RemoteTargets).Assembly.Location);
}
