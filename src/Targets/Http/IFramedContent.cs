namespace SecureBackup.Targets.Http;

/// <summary>A body in which an object's bytes stand among others.</summary>
internal interface IFramedContent
{
    long ObjectBytes { get; }
}
