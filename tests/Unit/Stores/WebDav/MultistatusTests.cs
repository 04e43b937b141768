using System.Text;
using System.Xml;
using SecureBackup.Targets.WebDav;

namespace SecureBackup.Tests.Unit.Stores.WebDav;

/// <summary>What a server leaves out is never taken for nothing: an object without a date would look old enough to be deleted.</summary>
public sealed class MultistatusTests
{
    private const string Type = "<d:resourcetype/>";
    private const string Length = "<d:getcontentlength>3</d:getcontentlength>";
    private const string Time = "<d:getlastmodified>Thu, 26 Nov 2026 10:00:00 GMT</d:getlastmodified>";

    [Fact]
    public async Task What_is_said_is_read()
    {
        var entry = Assert.Single(await ReadAsync(Response(Properties(200, Type + Length + Time) + Properties(404, "<d:getetag/>"))));

        Assert.Equal(new DavEntry("/dav/x y", false, 3, new DateTimeOffset(2026, 11, 26, 10, 0, 0, TimeSpan.Zero), null, null), entry);
    }

    [Theory]
    [InlineData(200, Type + Length)]
    [InlineData(200, Type + Time)]
    [InlineData(200, Length + Time)]
    [InlineData(200, Type + Length + "<d:getlastmodified>yesterday</d:getlastmodified>")]
    [InlineData(200, Type + "<d:getcontentlength>-3</d:getcontentlength>" + Time)]
    [InlineData(403, Type + Length + Time)]
    public async Task An_answer_that_leaves_something_out_is_none(int status, string properties) =>
        await Assert.ThrowsAsync<XmlException>(() => ReadAsync(Response(Properties(status, properties))));

    [Fact]
    public async Task A_folder_needs_neither_length_nor_time() =>
        Assert.True(Assert.Single(await ReadAsync(Response(Properties(200, "<d:resourcetype><d:collection/></d:resourcetype>")))).IsFolder);

    [Fact]
    public async Task What_went_away_meanwhile_is_left_out() => Assert.Empty(await ReadAsync(Response("<d:status>HTTP/1.1 404 Not Found</d:status>")));

    [Fact]
    public async Task What_may_not_be_looked_at_is_not_left_out() =>
        await Assert.ThrowsAsync<XmlException>(() => ReadAsync(Response("<d:status>HTTP/1.1 403 Forbidden</d:status>")));

    private static string Response(string parts) => $"<d:response><d:href>/dav/x%20y</d:href>{parts}</d:response>";

    private static string Properties(int status, string properties) => $"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 {status} said</d:status></d:propstat>";

    private static Task<List<DavEntry>> ReadAsync(string responses) => Multistatus.ReadAsync(
        new MemoryStream(Encoding.UTF8.GetBytes($"""<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{responses}</d:multistatus>""")), needsFacts: true, TestContext.Current.CancellationToken);
}
