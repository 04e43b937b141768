using Amazon.S3.Model;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Bench.SideBySide;

/// <summary>A bucket of its own on a server of this machine.</summary>
/// <param name="endpoint">Where tools find it.</param>
internal sealed class StoreBucket(CephServer server, string name, Uri endpoint)
{
    internal string Name { get; } = name;

    internal Uri Endpoint { get; } = endpoint;

    internal S3Key Key { get; } = server.Key;

    internal static async Task<StoreBucket> CreateAsync(CephServer server, Uri endpoint) => new(server, await server.CreateBucketAsync(), endpoint);

    internal async Task<long> SumBytesAsync()
    {
        var sum = 0L;
        await foreach (var entry in server.Admin.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Name }).S3Objects)
        {
            sum += entry.Size ?? 0;
        }

        return sum;
    }
}
