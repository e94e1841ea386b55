using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>Requests in JSON that no service ever sees.</summary>
public sealed class JsonRefusalTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    [Theory]
    [InlineData("POST", "/v1/providers", "{", ErrorReasons.BodyInvalid)]
    [InlineData("POST", "/v1/providers", "[]", ErrorReasons.BodyInvalid)]
    [InlineData("POST", "/v1/providers", "", ErrorReasons.BodyInvalid)]
    [InlineData("POST", "/v1/providers", """{"name": 5}""", ErrorReasons.BodyInvalid, "name")]
    [InlineData("POST", "/v1/providers", """{"nmae": "west"}""", ErrorReasons.BodyInvalid, "nmae")]
    [InlineData("POST", "/v1/providers", """{"name": "east", "name": "west"}""", ErrorReasons.BodyInvalid, "name")]
    [InlineData("POST", "/v1/providers", """{"name": "west"} {}""", ErrorReasons.BodyInvalid)]
    [InlineData(
        "POST",
        "/v1/providers/west:rename",
        """{"provider": "east", "newName": "x"}""",
        ErrorReasons.BodyInvalid
    )]
    [InlineData("POST", "/v1/providers?name=west", "{}", ErrorReasons.InvalidArgument)]
    [InlineData("POST", "/v1/providers", """{"name": "West"}""", ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?regoin=r1", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?pageSize=many", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?cordoned=perhaps", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?status=PENDING", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?region=r1&region=r2", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?pageSize=1&page_size=2", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?pageSize=1.0", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/providers?pageSize=1e1", null, ErrorReasons.InvalidArgument)]
    [InlineData("GET", "/v1/workspaces/dev/timeline?minGeneration=-1", null, ErrorReasons.InvalidArgument)]
    [InlineData("DELETE", "/v1/providers/west?provider=builtin", null, ErrorReasons.InvalidArgument)]
    [InlineData("DELETE", "/v1/providers/west", """{"etag": "0"}""", ErrorReasons.BodyInvalid)]
    [InlineData("GET", "/v1/providers", "{}", ErrorReasons.BodyInvalid)]
    public async Task What_cannot_be_understood_is_refused_with_details(
        string method,
        string path,
        string? body,
        string reason,
        string? field = null
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var answer = await Send(plane, method, path, body);

        Assert.Equal((HttpStatusCode.BadRequest, reason), (answer.Status, answer.Reason));
        Assert.Equal((int)StatusCode.InvalidArgument, (int)answer.Body!["code"]!);
        var fields = answer.Detail("BadRequest");
        Assert.Equal(reason == ErrorReasons.InvalidArgument || field is not null, fields is not null);
        if (field is not null)
            Assert.Equal(field, (string?)Assert.Single(fields!["fieldViolations"]!.AsArray())!["field"]);
    }

    [Fact]
    public async Task A_body_of_another_type_is_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var answer = await Send(plane, "POST", "/v1/providers", """{"name": "west"}""", contentType: "text/plain");

        Assert.Equal((HttpStatusCode.BadRequest, ErrorReasons.BodyInvalid), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_body_that_is_not_UTF_8_is_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var content = new ByteArrayContent([.. "{\"name\": \""u8, 0xFF, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        var answer = await Send(plane, "POST", "/v1/providers", content);

        Assert.Equal((HttpStatusCode.BadRequest, ErrorReasons.BodyInvalid), (answer.Status, answer.Reason));
    }

    [Theory]
    [InlineData(true, 0, ErrorReasons.InvalidArgument)]
    // The limit is on what is sent, so that chunks count with their frames.
    [InlineData(false, -1000, ErrorReasons.InvalidArgument)]
    [InlineData(true, 1, ErrorReasons.BodyTooLarge)]
    [InlineData(false, 1, ErrorReasons.BodyTooLarge)]
    public async Task A_body_beyond_the_limit_is_refused_whether_its_length_is_told_or_not(
        bool told,
        int beyond,
        string reason
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var content = new StringContent(
            "{" + new string(' ', JsonApi.MaxBodyBytes - 2 + beyond) + "}",
            Encoding.UTF8,
            "application/json"
        );

        var answer = await Send(plane, "POST", "/v1/providers", content, chunked: !told);

        Assert.Equal((HttpStatusCode.BadRequest, reason), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task Headers_beyond_the_limit_are_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{plane.JsonAddress}/v1/providers");
        request.Headers.Add("x-long", new string('a', 9 * 1024));

        using var response = await Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, response.StatusCode);
        var body = await response.Content.ReadAsStringAsync(Ct);
        Assert.Contains(ErrorReasons.HeadersTooLarge, body, StringComparison.Ordinal);
    }
}
