using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>The engine's code that was compiled ahead for this platform, where the package has it; and the module without it.</summary>
public sealed class NativeCodeTests : IDisposable
{
    private const string UseEngine = """
        $null = New-BackupVault ./vault
        (Start-CustomerBackup ./crm -Vault ./vault).FileCount
        @(Test-CustomerBackup -Vault ./vault -ReadData).IsHealthy
        [Runtime.Loader.AssemblyLoadContext]::All.Where({ $_.Name -eq 'SecureBackup.Engine' }).Assemblies.Location
        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    private static string Engine => Path.Combine(PackagedModule.Folder, "engine");

    [Fact]
    public void What_was_compiled_ahead_is_of_the_same_build_as_the_code_beside_it()
    {
        foreach (var image in NativeImages())
        {
            Assert.Equal(BuildId(Path.Combine(Engine, Path.GetFileName(image))), BuildId(image));
        }
    }

    [Fact]
    public async Task Every_assembly_of_the_engine_comes_from_what_was_compiled_ahead()
    {
        var lines = await _place.LinesAsync(UseEngine);
        Assert.Equal(["3", "True"], lines.Take(2));
        var images = NativeImages();
        Assert.All(lines.Skip(2), line => Assert.Contains(line, images));
        Assert.Equal(images.Any(IsTogether), lines.Any(IsTogether));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_compiled_together_with_another_build_of_the_framework_is_not_taken(bool isListed)
    {
        var images = NativeImages();
        Assert.SkipUnless(images.Any(IsTogether), "Nothing was compiled together with the framework.");
        var module = CopyModule([]);
        var list = Path.Combine(InCopy(Path.GetDirectoryName(images.First(IsTogether))!), "framework.txt");
        var lines = File.ReadAllLines(list);
        Assert.NotEmpty(lines);
        File.WriteAllLines(list, isListed ? [.. lines[..^1], $"{lines[^1].Split(' ')[0]} {Guid.NewGuid()}"] : []);
        var locations = await UseAsync(module, _place);
        Assert.All(locations, line => Assert.Equal(Path.Combine(module, "engine"), Path.GetDirectoryName(Path.GetDirectoryName(line))));
        Assert.DoesNotContain(locations, IsTogether);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Most_generic_code_that_the_commands_need_was_compiled_ahead(bool together)
    {
        var images = NativeImages();
        Assert.SkipUnless(!together || images.Any(IsTogether), "Nothing was compiled together with the framework.");
        var ahead = await JittedAsync(CopyModule(images.Where(image => !together && IsTogether(image))));
        Directory.Delete(_place["plain"], recursive: true);
        var plain = await JittedAsync(CopyModule(images));
        Assert.InRange(ahead, 0, plain / 10);
    }

    [Fact]
    public Task Without_it_the_module_runs_from_the_code_that_every_platform_has() => RequireOtherCodeAsync(static _ => { });

    [Fact]
    public Task Images_of_another_build_are_not_taken() => RequireOtherCodeAsync(static native =>
    {
        foreach (var image in NativeImages())
        {
            File.Copy(image, Path.Combine(native, Path.GetFileName(image)), overwrite: true);
        }

        // Whole, compiled ahead, and not what the code beside it was compiled from.
        File.Copy(Path.Combine(native, "System.Formats.Cbor.dll"), Path.Combine(native, "SecureBackup.Engine.dll"), overwrite: true);
    });

    [Fact]
    public Task An_image_that_is_cut_is_not_taken() => RequireOtherCodeAsync(static native =>
    {
        var image = NativeImages().First(static image => Path.GetFileName(image) is "SecureBackup.Engine.dll");
        File.WriteAllBytes(Path.Combine(native, "SecureBackup.Engine.dll"), File.ReadAllBytes(image)[..4000]);
    });

    private static bool IsTogether(string image) => image.Contains($"-{Environment.Version}{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    /// <param name="fill">Puts something into each folder where compiled code would be, given its path.</param>
    private async Task RequireOtherCodeAsync(Action<string> fill)
    {
        var images = NativeImages();
        var module = CopyModule(images);
        foreach (var native in images.Select(image => InCopy(Path.GetDirectoryName(image)!)).Distinct(StringComparer.Ordinal))
        {
            Directory.CreateDirectory(native);
            fill(native);
        }

        Assert.All(await UseAsync(module, _place), line => Assert.Equal(Path.Combine(module, "engine"), Path.GetDirectoryName(line)));
    }

    private string InCopy(string path) => Path.Combine(_place["plain"], Path.GetRelativePath(PackagedModule.Folder, path));

    private string CopyModule(IEnumerable<string> without)
    {
        foreach (var file in Directory.EnumerateFiles(PackagedModule.Folder, "*", SearchOption.AllDirectories).Except(without, StringComparer.Ordinal))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(InCopy(file))!);
            File.Copy(file, InCopy(file));
        }

        return _place["plain"];
    }

    /// <returns>Where the engine's assemblies came from.</returns>
    private static async Task<IReadOnlyList<string>> UseAsync(string module, Workplace place)
    {
        var script = $"$ErrorActionPreference = 'Stop'\nImport-Module '{Path.Combine(module, "SecureBackup.psd1")}'\n{UseEngine}";
        var result = await Shell.ShellProcess.RunCommandAsync(script, PackagedModule.Options(place.Environment, place.FullPath), TestContext.Current.CancellationToken);
        var lines = result.ShouldSucceed().OutputLines;
        Assert.Equal(["3", "True"], lines.Take(2));
        return [.. lines.Skip(2)];
    }

    /// <returns>How many methods, generic code of the framework and the engine, the JIT had to compile.</returns>
    private async Task<int> JittedAsync(string module)
    {
        using var place = new Workplace();
        place.Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
        place.Environment["SECUREBACKUP_PROFILE"] = place["jitted.mibc"];
        await UseAsync(module, place);
        return Profiles.ProfileReading.Read(File.ReadAllBytes(place["jitted.mibc"])).Count;
    }

    /// <summary>Skips the test where the module was packaged without the compiler.</summary>
    private static List<string> NativeImages()
    {
        var images = Directory.EnumerateFiles(Engine, "SecureBackup.Engine.dll", SearchOption.AllDirectories).Select(Path.GetDirectoryName)
            .Where(folder => !string.Equals(folder, Engine, StringComparison.Ordinal)).SelectMany(folder => Directory.EnumerateFiles(folder!, "*.dll")).ToList();
        Assert.SkipWhen(images.Count == 0, "The module was packaged without the ahead-of-time compiler: its package could not be restored.");
        return images;
    }

    private static Guid BuildId(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        var metadata = image.GetMetadataReader();
        return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
    }
}
