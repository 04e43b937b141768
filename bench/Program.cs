using System.Globalization;
using SecureBackup.Bench;
using SecureBackup.Bench.Parts;
using SecureBackup.Bench.Scale;
using SecureBackup.Bench.SideBySide;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (FormatException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

if (options.Subjects > 0)
{
    return await SubjectRuns.RunAsync(options.WithFreshFolder());
}

if (options.Days > 0)
{
    return await new FirstFileRuns(options.WithFreshFolder()).RunAsync();
}

if (options.Keys > 0)
{
    return await KeyringRuns.RunAsync(options.WithFreshFolder());
}

if (options.SizeBytes > 0)
{
    return await MixedRuns.RunAsync(options.WithFreshFolder());
}

if (options.Probe is { } probe)
{
    return await ScaleProbe.RunAsync(probe, options.Folder, options.ProbeCount);
}

var code = 0;
if (options.Part is BenchPart.All or BenchPart.Side)
{
    code = await SideBySidePart.RunAsync(options);
}

if (code == 0 && options.Part is (BenchPart.All or BenchPart.Parts))
{
    code = await PartsPart.RunAsync(options);
}

return code == 0 && options.Part is (BenchPart.All or BenchPart.Scale) ? new ScalePart(options).Run() : code;
