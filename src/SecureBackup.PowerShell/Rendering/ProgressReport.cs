using System.Globalization;
using System.Management.Automation;
using SecureBackup.Engine.Telemetry;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Rendering;

/// <summary>Shows counters as one progress bar: bytes, rate, time left, the item at hand. Lives on the thread that writes.</summary>
internal sealed class ProgressReport(string activity, ProgressCounters counters)
{
    private const int ActivityId = 71;

    /// <summary>Weight of the newest second in the shown rate: follows a change within some seconds and does not flicker.</summary>
    private const double NewestWeight = 0.3;

    private long _sampledAt = TimeProvider.System.GetTimestamp();
    private long _sampledBytes;
    private double? _bytesPerSecond;

    public void Show(IStreamWriter streams) => streams.WriteProgress(Record(ProgressRecordType.Processing));

    /// <summary>The last state, then the bar goes.</summary>
    public void Finish(IStreamWriter streams)
    {
        Show(streams);
        streams.WriteProgress(Record(ProgressRecordType.Completed));
    }

    private ProgressRecord Record(ProgressRecordType type)
    {
        var now = counters.Sample();
        UpdateRate(now.BytesRead);
        var record = new ProgressRecord(ActivityId, activity, Status(now)) { RecordType = type };
        if (now.CurrentItem is { Length: > 0 } item)
        {
            record.CurrentOperation = item;
        }

        if (now.BytesTotal is { } total and > 0)
        {
            record.PercentComplete = (int)Math.Clamp(now.BytesRead * 100.0 / total, 0, 100);
            if (_bytesPerSecond is { } rate and >= 1)
            {
                record.SecondsRemaining = (int)Math.Clamp((total - now.BytesRead) / rate, 0, int.MaxValue);
            }
        }

        return record;
    }

    private void UpdateRate(long bytes)
    {
        var elapsed = TimeProvider.System.GetElapsedTime(_sampledAt);
        if (elapsed < TimeSpan.FromSeconds(1))
        {
            return;
        }

        var newest = (bytes - _sampledBytes) / elapsed.TotalSeconds;
        _bytesPerSecond = _bytesPerSecond is { } known ? (known * (1 - NewestWeight)) + (newest * NewestWeight) : newest;
        _sampledAt = TimeProvider.System.GetTimestamp();
        _sampledBytes = bytes;
    }

    private string Status(ProgressSnapshot now)
    {
        var culture = CultureInfo.CurrentCulture;
        var bytes = now.BytesTotal is { } total ? $"{Display.Size(now.BytesRead)} of {Display.Size(total)}" : Display.Size(now.BytesRead);
        var files = now.FilesTotal is { } count
            ? string.Create(culture, $"{now.FilesSeen:N0} of {count:N0} files")
            : string.Create(culture, $"{now.FilesSeen:N0} files");
        var rate = _bytesPerSecond is { } speed ? $", {Display.Size((long)speed)}/s" : string.Empty;
        var faults = now.FaultCount > 0 ? string.Create(culture, $", {now.FaultCount:N0} faults") : string.Empty;
        return $"{bytes}, {files}{rate}{faults}";
    }
}
