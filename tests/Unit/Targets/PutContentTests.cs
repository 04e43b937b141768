using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Conformance;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class PutContentTests
{
    private static readonly ObjectName Name = new("packs/ab/abcdef");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task The_view_gives_the_content_as_often_as_it_is_asked(int sizeBytes)
    {
        var bytes = RandomNumberGenerator.GetBytes(sizeBytes);
        using var content = new ProbeStream(bytes) { Position = sizeBytes / 2 };
        var view = Of(content).AsStream();

        Assert.Equal(sizeBytes, view.Length);
        Assert.Equal(bytes, await AllAsync(view));
        view.Position = 0;
        Assert.Equal(bytes, All(view));
        await view.DisposeAsync();
        Assert.False(content.IsDisposed);
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(1000, -1)]
    [InlineData(0, 1)]
    public async Task A_content_that_lied_about_its_length_never_hands_out_its_last_byte(int sizeBytes, int tooMany)
    {
        using var content = new ProbeStream(new byte[sizeBytes + tooMany]) { LengthError = -tooMany };
        foreach (var isAsync in new[] { true, false })
        {
            var view = Of(content).AsStream();
            var got = new MemoryStream();

            var error = await Assert.ThrowsAsync<IntegrityException>(async () =>
            {
                if (isAsync)
                {
                    await view.CopyToAsync(got, 64, Cancel);
                }
                else
                {
                    view.CopyTo(got, 64);
                }
            });

            Assert.Equal(FaultCodes.ContentMismatch, error.Code);
            Assert.InRange(got.Length, 0, Math.Max(0, sizeBytes - 1));
        }
    }

    [Fact]
    public async Task The_hash_is_the_announced_one_else_that_of_the_content()
    {
        byte[] bytes = [1, 2, 3];
        var announced = ContentHash.Of([9]);

        Assert.Equal(ContentHash.Of(bytes), await Of(new MemoryStream(bytes)).HashAsync(Cancel));
        Assert.Equal(announced, await new PutContent(Name, new MemoryStream(bytes), new PutOptions(Sha256: announced)).HashAsync(Cancel));
    }

    [Fact]
    public async Task A_refused_checksum_is_the_ways_fault_where_the_content_is_as_announced_and_the_contents_own_where_not()
    {
        byte[] bytes = [1, 2, 3];
        var refusal = new TargetException(TargetFault.Unavailable, "BadDigest");

        var garbled = Assert.IsType<TargetException>(await Of(new MemoryStream(bytes)).JudgeAsync(refusal, Cancel));
        Assert.Equal(TargetFault.Garbled, garbled.Fault);
        Assert.Same(refusal, garbled.InnerException);

        var lied = Assert.IsType<IntegrityException>(await new PutContent(Name, new MemoryStream(bytes), new PutOptions(Sha256: ContentHash.Of([9]))).JudgeAsync(refusal, Cancel));
        Assert.Equal(FaultCodes.ContentMismatch, lied.Code);

        var changing = Of(new MemoryStream(bytes));
        await changing.HashAsync(Cancel);
        bytes[0] ^= 1;
        Assert.IsType<IntegrityException>(await changing.JudgeAsync(refusal, Cancel));
    }

    [Fact]
    public async Task An_error_that_passes_while_the_content_is_read_is_known_as_its_own()
    {
        using var content = new ProbeStream(new byte[1000]) { AtByte = 500, Action = () => throw new IOException("the source broke") };
        var given = Of(content);

        await Assert.ThrowsAsync<IOException>(() => AllAsync(given.AsStream()));

        Assert.True(given.IsReading);
    }

    private static PutContent Of(Stream content) => new(Name, content, PutOptions.Default);

    private static async Task<byte[]> AllAsync(Stream view)
    {
        using var all = new MemoryStream();
        await view.CopyToAsync(all, 777, Cancel);
        return all.ToArray();
    }

    private static byte[] All(Stream view)
    {
        using var all = new MemoryStream();
        view.CopyTo(all, 777);
        return all.ToArray();
    }
}
