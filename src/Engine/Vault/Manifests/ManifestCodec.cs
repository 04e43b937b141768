using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Manifest bodies and metadata parts to bytes and back.</summary>
internal static class ManifestCodec
{
    /// <summary>No writer comes here by counting; who claims more would leave no number for those that follow.</summary>
    internal const ulong MaxSequence = 1UL << 62;

    /// <summary>Of the ends of other chains a new manifest names no more: a removal record repeats them for each of thousands of snapshots. Readers take <see cref="MaxOthers"/>.</summary>
    internal const int HeadsNamed = 256;

    internal const int MaxMetadataBytes = 8 * 1024 * 1024;
    private const int MaxOthers = 100_000;
    private const int MaxTags = 1_000;
    private const int MaxPages = 200_000;

    /// <summary>Keys that a reader which knows only files may ignore: it lists the snapshot and refuses its entries one by one.</summary>
    private const int GatesKey = 128;
    private const int KindKey = 129;
    private const int RecordsKey = 130;

    internal static byte[] EncodeBody(ManifestBody body)
    {
        var writer = new CborMapWriter().BeginMap().Key(0);
        body.Register.Write(writer);
        writer.Key(1).Id(body.Writer.Value).Key(2).UInt(body.Sequence);
        if (body.Previous is { } previous)
        {
            previous.Write(writer.Key(3));
        }

        return writer.Key(4).Array(body.Others, static (writer, other) => other.Write(writer))
            .Key(5).Id(body.Session)
            .Key(6).Bytes(body.MetadataPart.Span)
            .Key(7).Bytes(body.OwnerPart.Span)
            .EndMap().Encode();
    }

    internal static ManifestBody DecodeBody(ReadOnlyMemory<byte> bytes, string what)
    {
        RegisterHead? register = null;
        MemberId? member = null;
        ulong? sequence = null;
        ManifestReference? previous = null;
        ManifestReference[]? others = null;
        Id256? session = null;
        ReadOnlyMemory<byte>? metadata = null;
        ReadOnlyMemory<byte>? owner = null;
        var reader = CborMapReader.OfMap(bytes, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: member = new MemberId(reader.ReadId()); break;
                case 2: sequence = reader.ReadUInt64(); break;
                case 3: previous = ManifestReference.Read(reader); break;
                case 4: others = reader.ReadArray(MaxOthers, ManifestReference.Read); break;
                case 5: session = reader.ReadId(); break;
                case 6: metadata = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                case 7: owner = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var body = new ManifestBody(
            reader.Required(register, "the register head"),
            reader.Required(member, "the writer"),
            reader.Required(sequence, "the sequence number"),
            previous,
            reader.Required(others, "the list of other heads"),
            reader.Required(session, "the session"))
        {
            MetadataPart = reader.Required(metadata, "the metadata part"),
            OwnerPart = reader.Required(owner, "the owner part"),
        };
        reader.Check(body.Previous is null == (body.Sequence == 0) && body.Sequence <= MaxSequence, "its sequence number does not fit its predecessor");
        return body;
    }

    internal static byte[] EncodeSummary(SnapshotSummary summary)
    {
        var writer = WriteSummary(summary);
        if (summary.Figures is { } figures)
        {
            ContentFigures.Write(writer.Key(GatesKey), figures, summary.Findings);
        }

        return (summary.Kind == SnapshotKind.Files
            ? writer
            : writer.Key(KindKey).Int((int)summary.Kind).Key(RecordsKey).BeginArray(2).Int(summary.RecordCount).Int(summary.SubjectCount).EndArray()).EndMap().Encode();
    }

    private static CborMapWriter WriteSummary(SnapshotSummary summary) => new CborMapWriter().BeginMap()
        .Key(0).Id(summary.DataSetId.Value)
        .Key(1).Text(summary.DataSet)
        .Key(2).Time(summary.StartedAt)
        .Key(3).Time(summary.EndedAt)
        .Key(4).Text(summary.HostName)
        .Key(5).Array([.. summary.Tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], static (writer, tag) => writer.Text(tag))
        .Key(6).Int(summary.EntryCount)
        .Key(7).Int(summary.ContentBytes)
        .Key(8).Int(summary.StoredBytes)
        .Key(9).Int(summary.FaultCount)
        .Key(10).Int((int)summary.Outcome)
        .Key(11).Array(summary.ReferencePages, static (writer, page) => writer.Id(page.Value))
        .Key(12).Int(summary.PackCount)
        .Key(13).Int(summary.FileCount);

    internal static SnapshotSummary DecodeSummary(ReadOnlyMemory<byte> plain, string what)
    {
        DataSetId? dataSetId = null;
        (string? DataSet, string? Host) names = default;
        (Timestamp? Start, Timestamp? End) times = default;
        (long? Entries, long? Files, long? Faults) counts = default;
        (long? Content, long? Stored) bytes = default;
        (string[]? Tags, ObjectId[]? Pages) lists = default;
        SnapshotOutcome? outcome = null;
        int? packs = null;
        var kind = SnapshotKind.Files;
        (ContentFigures? Figures, IReadOnlyList<GateFinding> Findings) gates = (null, []);
        (long Records, long Subjects) records = default;
        var reader = CborMapReader.OfMap(plain, what);
        while (reader.NextKey(out var key, GatesKey, KindKey, RecordsKey))
        {
            switch (key)
            {
                case 0: dataSetId = new DataSetId(reader.ReadId()); break;
                case 1: names.DataSet = reader.ReadText(); break;
                case 2: times.Start = reader.ReadTime(); break;
                case 3: times.End = reader.ReadTime(); break;
                case 4: names.Host = reader.ReadText(); break;
                case 5: lists.Tags = reader.ReadArray(MaxTags, static item => item.ReadText()); break;
                case 6: counts.Entries = reader.ReadCount(); break;
                case 7: bytes.Content = reader.ReadCount(); break;
                case 8: bytes.Stored = reader.ReadCount(); break;
                case 9: counts.Faults = reader.ReadCount(); break;
                case 10: outcome = ReadOutcome(reader); break;
                case 11: lists.Pages = reader.ReadArray(MaxPages, static item => new ObjectId(item.ReadId())); break;
                case 12: packs = reader.ReadInt32(); break;
                case 13: counts.Files = reader.ReadCount(); break;
                case GatesKey: gates = ContentFigures.Read(reader); break;
                case KindKey: kind = ReadKind(reader); break;
                case RecordsKey: records = ReadRecords(reader); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new SnapshotSummary
        {
            DataSetId = reader.Required(dataSetId, "the data set's id"),
            DataSet = reader.Required(names.DataSet, "the data set"),
            StartedAt = reader.Required(times.Start, "the time of its beginning"),
            EndedAt = reader.Required(times.End, "the time of its end"),
            HostName = reader.Required(names.Host, "the host"),
            Tags = reader.Required(lists.Tags, "the list of tags"),
            EntryCount = reader.Required(counts.Entries, "the count of entries"),
            FileCount = reader.Required(counts.Files, "the count of files"),
            ContentBytes = reader.Required(bytes.Content, "the length of the content"),
            StoredBytes = reader.Required(bytes.Stored, "the length of what was stored"),
            FaultCount = reader.Required(counts.Faults, "the count of faults"),
            Outcome = reader.Required(outcome, "the outcome"),
            ReferencePages = reader.Required(lists.Pages, "the list of reference pages"),
            PackCount = reader.Required(packs, "the count of packs"),
            Kind = kind,
            Figures = gates.Figures, Findings = gates.Findings,
            RecordCount = records.Records, SubjectCount = records.Subjects,
        };
    }

    private static SnapshotKind ReadKind(CborMapReader reader)
    {
        var kind = reader.ReadUInt64();
        return kind <= (ulong)SnapshotKind.Records ? (SnapshotKind)kind : throw reader.Unsupported($"content kind {kind}");
    }

    private static (long Records, long Subjects) ReadRecords(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var (records, subjects) = (reader.ReadCount(), reader.ReadCount());
        reader.EndArray();
        return (records, subjects);
    }

    private static SnapshotOutcome ReadOutcome(CborMapReader reader)
    {
        var outcome = reader.ReadUInt64();
        return outcome <= (ulong)SnapshotOutcome.Suspect ? (SnapshotOutcome)outcome : throw reader.Unsupported($"outcome {outcome}");
    }
}
