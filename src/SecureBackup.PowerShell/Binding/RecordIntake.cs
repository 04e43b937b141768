using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Records;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Takes the objects of a pipeline as records, as they come: what cannot be stored is a fault of that record, and the others go on.</summary>
internal sealed class RecordIntake : IDisposable
{
    private readonly IReadOnlyList<string> _subject;
    private readonly RecordWriter _writer = new(RecordShape.Of);

    /// <param name="subjectProperty">Null where the data set has no subjects.</param>
    public RecordIntake(string? subjectProperty)
    {
        _subject = subjectProperty?.Split('.') ?? [];
        Spool = new RecordSpool(Path.GetTempPath(), hasSubjects: subjectProperty is not null);
    }

    public RecordSpool Spool { get; }

    public void Add(PSObject value)
    {
        try
        {
            Spool.Add(SubjectText.Of(value, _subject), _writer.Write(value));
        }
        catch (RequestException refused) when (refused.Code != FaultCodes.RecordSpillFailed)
        {
            Spool.AddRefused(refused);
        }
    }

    public void Dispose() => Spool.Dispose();
}
