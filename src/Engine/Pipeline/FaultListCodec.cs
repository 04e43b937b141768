using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The faults of a run as a CBOR sequence of <c>[path, code, message]</c>.</summary>
internal static class FaultListCodec
{
    internal const int MaxBytes = 256 * 1024 * 1024;

    internal static byte[] Encode(SourceFault fault) =>
        new CborMapWriter().BeginArray(3).Text(fault.Path).Text(fault.Code.ToString()).Text(fault.Message).EndArray().Encode();

    internal static IReadOnlyList<ListedFault> Decode(ReadOnlyMemory<byte> bytes)
    {
        var reader = new CborMapReader(bytes, "fault list", isSequence: true);
        var faults = new List<ListedFault>();
        while (!reader.IsAtEnd)
        {
            reader.BeginTuple(3);
            faults.Add(new ListedFault(reader.ReadText(), reader.ReadText(), reader.ReadText()));
            reader.EndArray();
        }

        return faults;
    }
}

/// <summary>A fault as a snapshot keeps it; the code may be one that a newer version raised.</summary>
public sealed record ListedFault(string Path, string Code, string Message);
