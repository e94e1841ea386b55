using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>The API as JSON: that it is the same API, and nothing else is where it listens.</summary>
public sealed class JsonApiTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    [Fact]
    public async Task A_provider_is_made_read_changed_and_deleted()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var created = await Send(plane, "POST", "/v1/providers", """{"name": "west", "details": {"region": "r1"}}""");
        var read = await Send(plane, "GET", "/v1/providers/west");
        var changed = await Send(
            plane,
            "PATCH",
            "/v1/providers/west",
            """{"details": {"region": "r2", "nodeSelector": {"a": "b"}}, "updateMask": "details.region,details.nodeSelector"}"""
        );
        var cordoned = await Send(plane, "POST", "/v1/providers/west:cordon", """{"reason": "repair"}""");
        var listed = await Send(plane, "GET", "/v1/providers?cordoned=true&pageSize=5");
        var stale = await Send(plane, "DELETE", $"/v1/providers/west?etag={created.Body!["provider"]!["etag"]}");
        var deleted = await Send(plane, "DELETE", "/v1/providers/west");
        var gone = await Send(plane, "GET", "/v1/providers/west");

        Assert.StartsWith("mpt_", (string)created.Body!["token"]!, StringComparison.Ordinal);
        Assert.Equal("no-store", created.Response.Headers.CacheControl?.ToString());
        Assert.Equal("PROVIDER_STATUS_PENDING", (string)read.Body!["provider"]!["status"]!);
        Assert.Equal("b", (string)changed.Body!["provider"]!["details"]!["nodeSelector"]!["a"]!);
        Assert.Equal("repair", (string)cordoned.Body!["provider"]!["cordon"]!["reason"]!);
        Assert.Equal("west", (string)Assert.Single(listed.Body!["providers"]!.AsArray())!["name"]!);
        Assert.Equal((HttpStatusCode.Conflict, "ETAG_MISMATCH"), (stale.Status, stale.Reason));
        Assert.Equal(HttpStatusCode.OK, deleted.Status);
        Assert.Equal((HttpStatusCode.NotFound, "PROVIDER_NOT_FOUND"), (gone.Status, gone.Reason));
        Assert.Equal((5, "mesh.coder.com"), ((int)gone.Body!["code"]!, (string)gone.Detail("ErrorInfo")!["domain"]!));
    }

    [Fact]
    public async Task A_workspace_is_wished_for_and_large_numbers_are_texts()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await TestAgent.Attach(plane, (await plane.BuiltIn(Ct)).Token, Ct);

        var created = await Send(
            plane,
            "POST",
            "/v1/workspaces",
            """{"name": "dev", "spec": {"image": "example/image:1", "cpu": "500m", "memory": "1Gi", "disk": "5Gi"}}"""
        );
        var stopped = await Send(plane, "POST", "/v1/workspaces/dev:stop", "{}");
        var timeline = await Send(plane, "GET", "/v1/workspaces/dev/timeline?minGeneration=2");

        Assert.Equal("1", (string)created.Body!["workspace"]!["generation"]!);
        Assert.Equal("WORKSPACE_DESIRED_STATE_STOPPED", (string)stopped.Body!["workspace"]!["desiredState"]!);
        Assert.Equal("2", (string)Assert.Single(timeline.Body!["items"]!.AsArray())!["generation"]!);
    }

    [Fact]
    public async Task Numbers_may_be_written_in_each_way_that_protobuf_has()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await Send(plane, "POST", "/v1/providers", """{"name": "west"}""");

        foreach (var number in new[] { "50", "\"50\"", "50.0", "5e1" })
        {
            var changed = await Send(
                plane,
                "PATCH",
                "/v1/providers/west",
                $$"""{"details": {"max_workspaces": {{number}}}, "updateMask": "details.maxWorkspaces"}"""
            );
            Assert.Equal((number, 50), (number, (int)changed.Body!["provider"]!["details"]!["maxWorkspaces"]!));
        }
    }

    [Fact]
    public async Task One_request_id_is_one_request_whether_as_JSON_or_over_gRPC()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var first = await Send(plane, "POST", "/v1/organizations", """{"name": "team", "requestId": "once"}""");
        var again = await plane.Organizations.CreateOrganizationAsync(
            new CreateOrganizationRequest { Name = "team", RequestId = "once" },
            plane.Admin,
            cancellationToken: Ct
        );
        var other = await Send(plane, "POST", "/v1/organizations", """{"name": "others", "requestId": "once"}""");

        Assert.Equal((string)first.Body!["organization"]!["id"]!, again.Organization.Id);
        Assert.Equal(ErrorReasons.RequestIdReused, other.Reason);
    }

    [Fact]
    public async Task Every_route_wants_a_token_of_the_right_kind_and_says_so_in_JSON()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, agentToken) = await plane.BuiltIn(Ct);
        var routes = Routes(plane);

        Assert.NotEmpty(routes);
        foreach (var (method, path) in routes)
        {
            var nobody = await Send(plane, method, path, method == "GET" ? null : "{}", token: "");
            var agent = await Send(plane, method, path, method == "GET" ? null : "{}", agentToken);

            Assert.Equal((path, HttpStatusCode.Unauthorized, "TOKEN_MISSING"), (path, nobody.Status, nobody.Reason));
            Assert.Equal("Bearer", nobody.Response.Headers.WwwAuthenticate.ToString());
            Assert.Equal((path, HttpStatusCode.Forbidden, "PERMISSION_DENIED"), (path, agent.Status, agent.Reason));
        }
    }

    [Theory]
    [InlineData("POST", "/coder.mesh.agent.v1.AgentService/Connect")]
    [InlineData("POST", "/coder.mesh.v1.ProviderService/ListProviders")]
    [InlineData("POST", "/grpc.health.v1.Health/Check")]
    [InlineData("POST", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")]
    [InlineData("POST", "/nobody.Service/Call")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/health/ready")]
    [InlineData("GET", "/v1/nothing")]
    [InlineData("GET", "/v1/providers/west/nothing")]
    [InlineData("POST", "/v1/providers/west:nothing")]
    [InlineData("GET", "/openapi/v2.json")]
    [InlineData("GET", "/")]
    public async Task The_JSON_port_serves_no_agents_no_gRPC_and_no_management(string method, string path)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (var type in new[] { "application/grpc", "application/json" })
        {
            var answer = await Send(plane, method, path, "{}", contentType: type);
            Assert.Equal((HttpStatusCode.NotFound, ErrorReasons.RouteNotFound), (answer.Status, answer.Reason));
        }
    }

    [Fact]
    public async Task JSON_is_on_no_other_port_whatever_the_host_header_says()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (var (address, version) in new[] { (plane.GrpcAddress, 2), (plane.ManagementAddress, 1) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{address}/v1/providers")
            {
                Version = new Version(version, version % 2),
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            request.Headers.Host = new Uri(plane.JsonAddress).Authority;
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plane.AdminToken);
            using var response = await Http.SendAsync(request, Ct);

            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_watch_is_a_line_for_each_change_and_ends_with_a_line_that_says_why()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{plane.JsonAddress}/v1/providers:watch?region=r1");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plane.AdminToken);
        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));

        var first = await Next(lines);
        await Send(plane, "POST", "/v1/providers", """{"name": "west", "details": {"region": "r1"}}""");
        var change = await Next(lines);
        var stopping = plane.Stop();
        var last = await Next(lines);
        var end = await lines.ReadLineAsync(Ct);
        await stopping;

        Assert.Equal("CHANGE_TYPE_PROGRESS", (string)first["type"]!);
        Assert.Equal("CHANGE_TYPE_CHANGED", (string)change["type"]!);
        Assert.Equal("west", (string)change["provider"]!["name"]!);
        Assert.Equal("SERVER_RESTARTING", (string)last["details"]![0]!["reason"]!);
        Assert.Null(end);
    }

    private static async Task<JsonNode> Next(StreamReader lines) => JsonNode.Parse((await lines.ReadLineAsync(Ct))!)!;

    private static List<(string Method, string Path)> Routes(TestControlPlane plane) =>
        [
            .. plane
                .Services.GetRequiredService<EndpointDataSource>()
                .Endpoints.Select(e => e.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>()?.HttpRule)
                .OfType<Google.Api.HttpRule>()
                .Select(MethodAndPath),
        ];

    private static (string Method, string Path) MethodAndPath(Google.Api.HttpRule rule) =>
        rule.PatternCase switch
        {
            Google.Api.HttpRule.PatternOneofCase.Get => ("GET", rule.Get),
            Google.Api.HttpRule.PatternOneofCase.Put => ("PUT", rule.Put),
            Google.Api.HttpRule.PatternOneofCase.Post => ("POST", rule.Post),
            Google.Api.HttpRule.PatternOneofCase.Patch => ("PATCH", rule.Patch),
            Google.Api.HttpRule.PatternOneofCase.Delete => ("DELETE", rule.Delete),
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "no such method"),
        };
}
