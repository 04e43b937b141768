using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>An S3 server that anybody can run, as a bare address finds it.</summary>
public sealed class CephAsS3CompatibleConformance : TargetConformance
{
    protected override async ValueTask<Target> CreateAsync()
    {
        var ceph = await TestServers.CephAsync();
        var address = TargetUri.Parse($"s3://{await ceph.CreateBucketAsync()}/some/prefix?endpoint={ceph.Endpoint}");
        using var credential = TargetCredential.Of(ceph.Key.Id, ceph.Key.Secret, "of the test");
        return RemoteTargets.Open(new TargetSettings { Address = address }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
    }
}
