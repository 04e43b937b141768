using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Packing;

internal delegate void Forgery(Span<byte> plain);

/// <summary>What somebody who holds the index key and a signing key can make of a pack: another locator or another table, sealed and signed.</summary>
internal static class PackForge
{
    public static byte[] Rewrite(PackKit kit, FinishedPack pack, Forgery? locator = null, Forgery? table = null, SigningKey? signer = null)
    {
        var bytes = pack.Bytes.ToArray();
        var header = ObjectHeader.Read(bytes);
        var key = new ObjectKey(kit.IndexKey.Bytes, header, SealPurpose.Table);
        var tail = bytes.AsSpan(bytes.Length - PackLayout.TailBytes);
        Assert.True(FrameOpener.TryCreate(key, tail[..32], out var opener));
        using (opener)
        {
            var plainLocator = new byte[PackLayout.LocatorBytes];
            opener.Open(0, isLast: false, default, tail[32..], plainLocator);
            var at = BinaryPrimitives.ReadInt32LittleEndian(plainLocator);
            var plainTable = new byte[PackLayout.TableBytesOf(pack.Entries.Count)];
            var sealedTable = bytes.AsSpan(at, plainTable.Length + FrameSealer.TagBytes);
            opener.Open(1, isLast: true, default, sealedTable, plainTable);
            locator?.Invoke(plainLocator);
            if (table is not null)
            {
                table(plainTable);
                (signer ?? kit.Writer).Sign([.. bytes[..80], .. plainTable[..^64]], plainTable.AsSpan(plainTable.Length - 64));
            }

            using var sealer = new FrameSealer(key);
            sealer.Seal(isLast: false, default, plainLocator, tail[32..]);
            sealer.Seal(isLast: true, default, plainTable, sealedTable);
        }

        return bytes;
    }
}
