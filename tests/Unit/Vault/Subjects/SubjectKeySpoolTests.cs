using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

public sealed class SubjectKeySpoolTests
{
    [Fact]
    public void Many_batches_of_one_key_leave_few_parts_and_of_two_keys_of_one_domain_the_first_comes_first()
    {
        const int many = 5_000;
        using var folder = new TempFolder();
        using var spool = new SubjectKeySpool(folder["host"], new VaultId(Id256.Random()));
        var subjects = Enumerable.Range(0, many).Select(static _ => new SubjectPseudonym(Id256.Random())).ToList();
        var doubled = SubjectRecord.NewDomain(subjects[0]);
        foreach (var (i, subject) in subjects.Index())
        {
            spool.Add(BatchOf(subject, i == 0 ? doubled : SubjectRecord.NewDomain(subject), generation: 1));
        }

        spool.Add(BatchOf(subjects[0], doubled, generation: 2));
        spool.Complete();
        Assert.InRange(spool.Parts, 1, 14);
        Assert.Equal(many + 1, spool.Count);
        var generations = new List<uint>();
        spool.Find(subjects[0].Value.ToArray(), record => generations.Add(SubjectRecord.GenerationOf(record)));
        Assert.Equal([1u, 2u], generations);
        using var scan = spool.Scan();
        var previous = new byte[SubjectRecord.SizeBytes];
        while (scan.TryNext(out var record))
        {
            Assert.True(SubjectRecord.Compare(previous, record) <= 0);
            record.CopyTo(previous);
        }
    }

    private static SubjectRecords BatchOf(SubjectPseudonym subject, DomainId domain, uint generation)
    {
        var bytes = new byte[SubjectRecord.SizeBytes];
        SubjectRecord.Write(bytes, subject, new SubjectDomainKey(domain, new byte[SecretKey.SizeBytes], generation));
        return SubjectRecords.CopyOf(bytes);
    }
}
