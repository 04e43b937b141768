using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SecureBackup.Tests.Servers.Processes;

/// <summary>A server in the foreground, which ends with this process however that ends. What it says goes into a file beside its data.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>Starts the program behind a shell that waits for the end of its input, which is ours, and ends the program then.</summary>
    private const string Keeper = """exec 2> /dev/null; log="$1"; shift; "$@" < /dev/null >> "$log" 2>&1 & echo $!; read -r _; kill -9 $!; wait $!; exit 0""";

    /// <summary>For what takes seconds: a program that waits for another one that has died waits for ever.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(3);

    /// <summary>What would lead the programs elsewhere.</summary>
    private static readonly string[] ForeignVariables =
        ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

    /// <summary>Ports whose server may not have begun to listen yet.</summary>
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    private readonly Process _keeper;
    private readonly string _log;
    private bool _isStopped;

    private ServerProcess(Process keeper, int id, string log)
    {
        _keeper = keeper;
        Id = id;
        _log = log;
    }

    /// <summary>Of the server itself.</summary>
    public int Id { get; }

    /// <summary>The programs of <paramref name="names"/> that are not installed.</summary>
    public static IReadOnlyList<string> Missing(params string[] names)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").Append("/usr/local/sbin").ToList();
        return [.. names.Where(name => !folders.Exists(folder => File.Exists(Path.Combine(folder, name))))];
    }

    /// <summary>A port that was free a moment ago, and none of those that the system gives to whoever asks for any: a server of this process would have it before the program starts.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (!Given.TryAdd(port, true))
            {
                continue;
            }

            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    public static async Task<ServerProcess> StartAsync(string log, IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = Describe("/bin/sh", ["-c", Keeper, "sh", log, program, .. arguments], environment);
        start.RedirectStandardInput = true;
        var keeper = Process.Start(start)!;
        var said = await keeper.StandardOutput.ReadLineAsync();
        return new ServerProcess(keeper, int.Parse(said!, CultureInfo.InvariantCulture), log);
    }

    /// <summary>A program that ends by itself, and well. Its arguments, which may hold keys, are in no error.</summary>
    public static async Task<string> RunAsync(IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = Describe(program, arguments, environment);
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEndAsync();
        try
        {
            await Task.WhenAll(process.WaitForExitAsync(), said, errors).WaitAsync(LongEnough);
        }
        catch (TimeoutException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{program} {arguments.FirstOrDefault()} did not end within {LongEnough}: {await errors}", exception);
        }

        return process.ExitCode == 0 ? await said : throw new InvalidOperationException($"{program} {arguments.FirstOrDefault()} ended with {process.ExitCode}: {await errors}");
    }

    public async Task WaitAsync(Func<Task<bool>> isReady)
    {
        var watch = Stopwatch.StartNew();
        while (!await isReady())
        {
            if (watch.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new InvalidOperationException($"The server does not answer: {(File.Exists(_log) ? await File.ReadAllTextAsync(_log) : "")}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>As a power cut would end it.</summary>
    public async Task KillAsync()
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    private static ProcessStartInfo Describe(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var name in ForeignVariables)
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
