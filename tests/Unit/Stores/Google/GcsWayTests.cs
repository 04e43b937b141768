using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets;
using SecureBackup.Targets.Google;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>The way to the store and to whoever gives tokens: a server that nobody vouches for, and a proxy that lets nobody through.</summary>
public sealed class GcsWayTests : IDisposable
{
    private static readonly ObjectName Name = new("packs/ab/one");

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_certificate_that_nobody_trusts_is_named_and_nothing_is_sent(bool isOfTokensToo)
    {
        using var certificate = Certificates.Make(_folder.FullPath);
        await using var store = await GcsStore.StartAsync(options: new GcsDoubleOptions { Certificate = certificate }, tokens: isOfTokensToo ? certificate : null);

        foreach (var error in await RefusalsAsync(store, TargetFault.Untrusted))
        {
            Assert.Contains("a certificate of 'CN=localhost' that no trusted authority signed", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(isOfTokensToo, store.Iam.Issued.Count == 0);
        Assert.Empty(store.Server.Requests);
        await using var trusting = store.Open(("ca", _folder["ca.pem"]));
        await PutAsync(trusting);
    }

    [Theory]
    [InlineData(403, false)]
    [InlineData(403, true)]
    [InlineData(407, false)]
    [InlineData(407, true)]
    public async Task A_proxy_that_refuses_is_told_from_the_store_and_from_who_gives_tokens(int status, bool isSecure)
    {
        using var certificate = Certificates.Make(_folder.FullPath);
        await using var store = await GcsStore.StartAsync(options: new GcsDoubleOptions { Certificate = isSecure ? certificate : null }, tokens: isSecure ? certificate : null);
        await using var proxy = await RefusingProxy.StartAsync(status);

        foreach (var error in await RefusalsAsync(store, TargetFault.ProxyRefused, ("proxy", proxy.Address.Authority), ("ca", _folder["ca.pem"])))
        {
            Assert.Contains(proxy.Address.Authority, error.Message, StringComparison.Ordinal);
            Assert.Contains($"{status}", error.Message, StringComparison.Ordinal);
        }

        Assert.True(proxy.Asked > 0);
        Assert.Empty(store.Iam.Issued);
        Assert.Empty(store.Server.Requests);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(407)]
    public async Task A_machine_asks_its_own_metadata_past_the_proxy_and_the_store_through_it(int status)
    {
        await using var store = await GcsStore.StartAsync();
        await using var proxy = await RefusingProxy.StartAsync(status);
        var settings = GcsSettings.From(store.Settings(("proxy", proxy.Address.Authority)), TimeSpan.FromSeconds(60));
        var tokens = GcsCredentials.OfMachine(settings, new Uri(store.Iam.Address, "computeMetadata/v1/instance/service-accounts/default/token"));
        await using var target = new GcsTarget(settings, tokens, TimeProvider.System);

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target));

        Assert.Equal(FaultCodes.TargetProxyRefused, error.Code);
        Assert.Contains(proxy.Address.Authority, error.Message, StringComparison.Ordinal);
        Assert.Equal(["metadata"], store.Iam.Issued);
        Assert.Empty(store.Server.Requests);
    }

    /// <summary>Of who puts, who lists, and who makes the place ready.</summary>
    private static async Task<IReadOnlyList<TargetException>> RefusalsAsync(GcsStore store, TargetFault fault, params (string, string)[] options)
    {
        using var credential = store.Credential();
        await using var target = store.Open(options);
        await using var setup = RemoteTargets.OpenSetup(store.Settings(options), credential, GcsStore.Context);
        var refusals = new List<TargetException>();
        foreach (var call in (Func<Task>[])[() => PutAsync(target), () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask(), () => setup.InspectAsync(Cancel)])
        {
            var error = await Assert.ThrowsAsync<TargetException>(call);
            Assert.Equal((fault, FaultCodes.ForTarget(fault).Remedy), (error.Fault, error.Remedy));
            Assert.DoesNotContain("PRIVATE KEY", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("assertion", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("ya29", error.ToString(), StringComparison.Ordinal);
            refusals.Add(error);
        }

        return refusals;
    }

    private static Task<PutReceipt> PutAsync(Target target) => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);
}
