using SecureBackup.Engine.Packing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// The most room that a restore can come to take on one file system, in whatever order its files are made: all growth, and beside it what stands while its replacements
/// are written. Those are the files of a batch, and the one that is carried over from the batch before.
/// </summary>
internal sealed class RestoreRoom(long batchBytes)
{
    private long _growth;
    private long _replaced;
    private long _largest;

    internal long NeededBytes => _growth + Math.Min(_replaced, _largest + batchBytes + PackLayout.MaxChunkBytes);

    internal void Add(long bytes, long freedBytes)
    {
        var beside = Math.Min(bytes, freedBytes);
        _growth += bytes - beside;
        _replaced += beside;
        _largest = Math.Max(_largest, beside);
    }
}
