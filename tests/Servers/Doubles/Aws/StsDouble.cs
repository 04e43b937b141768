using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Servers.Doubles.Aws;

/// <summary>A role, and whom it trusts: keys of the account, and one token of a web identity.</summary>
public sealed class StsRole
{
    public string? ExternalId { get; set; }

    public string? WebToken { get; set; }

    public DateTimeOffset WebTokenEnds { get; set; } = DateTimeOffset.MaxValue;
}

/// <summary>
/// Amazon's token service in this process, for one region. Its requests come from Amazon's own description; what is not in it is a violation, and one that no test has taken
/// is an error when the double ends. Refusals repeat what was sent, as a service that wishes nobody well could.
/// </summary>
public sealed class StsDouble : IAsyncDisposable
{
    private readonly S3DoubleOptions _account;
    private readonly S3Signature _signature;
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private LoopbackServer _server = null!;

    private StsDouble(S3DoubleOptions account)
    {
        _account = account;
        _signature = new S3Signature(account, "sts");
    }

    public Uri Endpoint => _server.Address;

    /// <summary>By ARN.</summary>
    public ConcurrentDictionary<string, StsRole> Roles { get; } = new(StringComparer.Ordinal);

    /// <summary>How long sessions hold, whatever was asked for.</summary>
    public TimeSpan Life { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Each with its outcome, such as <c>AssumeRole 200</c>.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>Stands before every request; passes it on, or gives an answer itself.</summary>
    public Func<HttpContext, Func<Task>, Task>? Before { get; set; }

    /// <param name="account">Whose keys and sessions hold, when, and where.</param>
    public static async Task<StsDouble> StartAsync(S3DoubleOptions account)
    {
        var started = new StsDouble(account);
        started._server = await LoopbackServer.StartAsync(context => started.Before is { } before ? before(context, () => started.AnswerAsync(context)) : started.AnswerAsync(context));
        return started;
    }

    /// <summary>What requests did that the contract does not know; they were refused. Taken ones are no error any more.</summary>
    public IReadOnlyList<string> TakeViolations()
    {
        var taken = new List<string>();
        while (_violations.TryDequeue(out var violation))
        {
            taken.Add(violation);
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (TakeViolations() is { Count: > 0 } violations)
        {
            throw new InvalidOperationException($"Requests were not as the contract has them:\n{string.Join('\n', violations)}");
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var call = await S3Call.ReadAsync(context);
        var form = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(call.Body)).ToDictionary(static pair => pair.Key, static pair => pair.Value.ToString(), StringComparer.Ordinal);
        call.Set("x-amzn-RequestId", Guid.NewGuid().ToString());
        call.Set("Date", _account.Time.GetUtcNow().ToString("R"));
        call.Answering = status => _requests.Enqueue($"{form.GetValueOrDefault("Action")} {status}");
        XNamespace at = StsContract.Instance.Namespace;
        try
        {
            var answer = Answer(call, form, at);
            await call.AnswerAsync(200, answer);
        }
        catch (S3RefusalException refusal)
        {
            var code = refusal.Code is "InvalidAccessKeyId" or "InvalidToken" ? "InvalidClientTokenId" : refusal.Code;
            await call.AnswerAsync(refusal.Status, new XElement(at + "ErrorResponse",
                new XElement(at + "Error", new XElement(at + "Type", "Sender"), new XElement(at + "Code", code), new XElement(at + "Message", $"Refused: {Encoding.UTF8.GetString(call.Body)}")),
                new XElement(at + "RequestId", Guid.NewGuid())));
        }
    }

    private XElement Answer(S3Call call, Dictionary<string, string> form, XNamespace at)
    {
        if (call.Method is not "POST" || StsContract.Instance.Check(form).ToList() is { Count: > 0 } problems && Note(form, problems))
        {
            throw new S3RefusalException(400, "ValidationError");
        }

        var role = Roles.GetValueOrDefault(form["RoleArn"]);
        var isWeb = form["Action"] is "AssumeRoleWithWebIdentity";
        if (isWeb)
        {
            RequireToken(role, form["WebIdentityToken"]);
        }
        else
        {
            _signature.Require(call);
            if (form["Action"] is not "AssumeRole" || role is null || role.ExternalId != form.GetValueOrDefault("ExternalId"))
            {
                throw new S3RefusalException(403, "AccessDenied");
            }
        }

        var session = _account.Sessions.Issue(isWeb ? "web" : "role", _account.Time.GetUtcNow() + Life);
        return new XElement(at + $"{form["Action"]}Response", new XElement(at + $"{form["Action"]}Result", new XElement(at + "Credentials",
            new XElement(at + "AccessKeyId", session.Key.Id),
            new XElement(at + "SecretAccessKey", session.Key.Secret),
            new XElement(at + "SessionToken", session.Token),
            new XElement(at + "Expiration", session.Ends.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)))));
    }

    private void RequireToken(StsRole? role, string token)
    {
        if (role?.WebToken is null)
        {
            throw new S3RefusalException(403, "AccessDenied");
        }

        if (role.WebToken != token)
        {
            throw new S3RefusalException(400, "InvalidIdentityToken");
        }

        if (role.WebTokenEnds <= _account.Time.GetUtcNow())
        {
            throw new S3RefusalException(400, "ExpiredTokenException");
        }
    }

    private bool Note(Dictionary<string, string> form, List<string> problems)
    {
        problems.ForEach(problem => _violations.Enqueue($"{form.GetValueOrDefault("Action")}: {problem}"));
        return true;
    }
}
