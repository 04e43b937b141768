using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Azure.Storage.Sas;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Doubles.Azure;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>A cloud of this machine, over TLS: an account, its resource manager, and who gives tokens.</summary>
internal sealed class AzureScene : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    private AzureScene(AzuriteServer azurite)
    {
        Azurite = azurite;
    }

    public AzuriteServer Azurite { get; }

    public EntraDouble Entra { get; private set; } = null!;

    public ArmDouble Arm { get; private set; } = null!;

    public AzureGuard Guard { get; private set; } = null!;

    public string Container { get; private set; } = null!;

    public string Prefix { get; private init; } = "";

    public string AuthorityFile => _folder["ca.pem"];

    /// <param name="hasContainer">Made without locks of versions.</param>
    public static async Task<AzureScene> StartAsync(bool isVersioned = false, bool hasContainer = true, string prefix = "shop")
    {
        var scene = new AzureScene(await TestServers.AzuriteAsync()) { Prefix = prefix };
        Certificates.Write(scene._folder.FullPath);
        using var pem = X509Certificate2.CreateFromPemFile(scene._folder["tls.pem"], scene._folder["tls.key"]);
        // Some systems serve with no key that was only read from text.
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        scene.Entra = await EntraDouble.StartAsync(certificate);
        scene.Arm = await ArmDouble.StartAsync(scene.Azurite, scene.Entra, certificate);
        scene.Guard = await AzureGuard.StartAsync(scene.Azurite, isVersioned, scene.Entra, certificate);
        scene.Container = hasContainer ? await scene.Azurite.CreateContainerAsync() : $"vault-{Guid.NewGuid():n}";
        return scene;
    }

    public TargetCredential Secret() => TargetCredential.Of(EntraDouble.Client, Entra.Secret, "of target offsite");

    public TargetCredential Key() => TargetCredential.Of(AzuriteServer.Account, Azurite.Key, "of target offsite");

    /// <summary>Of the container alone.</summary>
    public TargetCredential SignatureOf(string rights)
    {
        var builder = new BlobSasBuilder { BlobContainerName = Container, Resource = "c", ExpiresOn = DateTimeOffset.UtcNow.AddHours(1) };
        builder.SetPermissions(rights, normalize: true);
        return TargetCredential.Of("sas", Azurite.Admin.GetBlobContainerClient(Container).GenerateSasUri(builder).Query, "of target offsite");
    }

    public AzureSettings Settings(params (string Key, string Value)[] options) => AzureSettings.From(
        new TargetSettings
        {
            Address = TargetUri.Parse(AzureStore.AddressOf(Guard.Endpoint, Container, Prefix)),
            Options = options.Append(("ca", AuthorityFile)).Reverse().DistinctBy(pair => pair.Item1, StringComparer.Ordinal).ToImmutableSortedDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal),
        },
        TimeSpan.FromSeconds(60)) with { Cloud = new AzureCloud("test", "none.example", Entra.Address, Arm.Address) };

    public AzureBlobTarget Open(TargetCredential credential, params (string Key, string Value)[] options)
    {
        var settings = Settings(options);
        return new AzureBlobTarget(settings, AzureCredentials.From(credential, settings), TimeProvider.System);
    }

    /// <summary>From above where an identity is given, and from the account alone otherwise.</summary>
    public AzureSetup OpenSetup(TargetCredential? credential = null, params (string Key, string Value)[] options)
    {
        using var own = Secret();
        var settings = Settings([("tenant", EntraDouble.Tenant), ("subscription", ArmDouble.Subscription), ("resourcegroup", ArmDouble.ResourceGroup), .. options]);
        settings = credential?.User is AzuriteServer.Account or "sas" ? settings with { Tenant = null } : settings;
        return new AzureSetup(settings, AzureCredentials.From(credential ?? own, settings), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await Guard.DisposeAsync();
        await Arm.DisposeAsync();
        await Entra.DisposeAsync();
        _folder.Dispose();
        Assert.Empty(Guard.Violations);
        Assert.Empty(Arm.Violations);
    }
}
