using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace SecureBackup.Targets.S3;

/// <summary>Signs a request with one session. By itself the SDK asks for the keys twice, and between the two they may have become others.</summary>
internal sealed class SessionOfRequest(S3Credentials credentials) : PipelineHandler
{
    public override Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        executionContext.RequestContext.Identity = credentials.Current;
        return base.InvokeAsync<T>(executionContext);
    }
}
