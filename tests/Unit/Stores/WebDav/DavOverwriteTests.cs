using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Doubles;

namespace SecureBackup.Tests.Unit.Stores.WebDav;

/// <summary>A server that overwrites whatever it is told.</summary>
public sealed class DavOverwriteTests
{
    private static readonly ObjectName Name = new("register/1");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_that_others_give_too_is_looked_up_before_it_is_given()
    {
        var server = await TestServers.ApacheAsync();
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        await using var careless = await LoopbackServer.StartAsync(context => PassAsync(http, new Uri($"http://{server.Authority}"), context));
        await using var target = DavPlace.Open($"dav://{careless.Address.Authority}/{server.CreateFolder()}", server.User, server.Password);
        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

        Assert.Equal(TargetFault.AlreadyExists, (await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([2]), PutOptions.Default, Cancel))).Fault);

        Assert.Equal([1], (await target.TryFetchAsync(Name, 10, Cancel))!.Bytes!.Value.ToArray());
        await target.PutAsync(Name, new MemoryStream([3]), PutOptions.Default with { IfAbsent = false }, Cancel);
        Assert.Equal([3], (await target.TryFetchAsync(Name, 10, Cancel))!.Bytes!.Value.ToArray());
    }

    private static async Task PassAsync(HttpMessageInvoker http, Uri server, HttpContext context)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(server, context.Request.Path + context.Request.QueryString));
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        request.Content = new ByteArrayContent(body.ToArray());
        foreach (var (name, value) in context.Request.Headers.Where(static header => header.Key is not ("Overwrite" or "Content-Length" or "Transfer-Encoding")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value.ToString()))
            {
                request.Content.Headers.TryAddWithoutValidation(name, value.ToString());
            }
        }

        using var answer = await http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(static header => header.Key is not "Transfer-Encoding"))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
