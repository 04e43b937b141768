using System.Globalization;
using SecureBackup.Engine.Targets;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a run asked of the place where the vault lies, and how many bytes moved. In a folder a request is an access to a file.</summary>
public sealed class BackupTraffic
{
    private BackupTraffic(TargetTraffic traffic)
    {
        Requests = traffic.Requests;
        Puts = traffic.Puts;
        Gets = traffic.Gets;
        Stats = traffic.Stats;
        Lists = traffic.Lists;
        Deletes = traffic.Deletes;
        Others = traffic.Others;
        Retries = traffic.Retries;
        BytesSent = traffic.BytesSent;
        BytesReceived = traffic.BytesReceived;
    }

    /// <summary>All kinds together.</summary>
    public long Requests { get; }

    /// <summary>Objects that were stored, or parts of large ones.</summary>
    public long Puts { get; }

    /// <summary>Reads of objects and of parts of them.</summary>
    public long Gets { get; }

    /// <summary>Questions whether an object is there and how long it is.</summary>
    public long Stats { get; }

    /// <summary>Pages of listings.</summary>
    public long Lists { get; }

    /// <summary>Where a store deletes many objects at once, one for all of them.</summary>
    public long Deletes { get; }

    /// <summary>Beginnings and ends of uploads in parts, locks, settings of the place.</summary>
    public long Others { get; }

    /// <summary>Of all of these, those that repeat an earlier one.</summary>
    public long Retries { get; }

    public long BytesSent { get; }

    public long BytesReceived { get; }

    public override string ToString() => string.Create(
        CultureInfo.CurrentCulture,
        $"{Requests:N0} requests ({Puts:N0} put, {Gets:N0} get, {Stats:N0} stat, {Lists:N0} list, {Deletes:N0} delete, {Others:N0} other; {Retries:N0} repeated), {Display.Size(BytesSent)} sent, {Display.Size(BytesReceived)} received");

    internal static BackupTraffic From(TargetTraffic traffic) => new(traffic);
}
