using System.Net;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>What paths there are, and which methods each has.</summary>
public sealed class JsonMethodTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    private static readonly string[] Methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

    [Fact]
    public async Task Every_path_takes_the_methods_that_the_protos_give_it_and_names_them_to_whoever_tries_another()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var paths = plane
            .Services.GetRequiredService<JsonRoutes>()
            .All.GroupBy(r => r.Template, r => r.HttpMethod)
            .Select(g =>
                (
                    Path: g.Key.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal),
                    Has: g.ToList()
                )
            )
            .Append((OpenApiDocument.Path, [.. OpenApiDocument.Methods]))
            .ToList();

        Assert.True(paths.Count > 20);
        foreach (var (path, has) in paths)
        foreach (var method in Methods)
        {
            var answer = await Send(plane, method, path, method is "GET" or "HEAD" ? null : "{}", token: "");
            var isAllowed = has.Contains(method);
            var expected =
                !isAllowed ? HttpStatusCode.MethodNotAllowed
                : path == OpenApiDocument.Path ? HttpStatusCode.OK
                : HttpStatusCode.Unauthorized;
            Assert.Equal((method, path, expected), (method, path, answer.Status));
            if (isAllowed)
                continue;
            Assert.Equal(
                has.Order(StringComparer.Ordinal),
                answer.Response.Content.Headers.Allow.Order(StringComparer.Ordinal)
            );
            if (method != "HEAD")
                Assert.Equal(
                    ((int)StatusCode.Unimplemented, ErrorReasons.MethodNotAllowed),
                    ((int)answer.Body!["code"]!, answer.Reason)
                );
        }
    }

    [Theory]
    [InlineData("/v1")]
    [InlineData("/v1/")]
    [InlineData("/v1/provider")]
    [InlineData("/v1/providers/west/tokens")]
    [InlineData("/v1/providers:nothing")]
    [InlineData("/v2/providers")]
    [InlineData("/openapi")]
    [InlineData("//v1//providers//west//x")]
    public async Task No_method_finds_a_path_that_is_none(string path)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (var method in Methods)
        {
            var answer = await Send(plane, method, path, method is "GET" or "HEAD" ? null : "{}");
            Assert.Equal((method, HttpStatusCode.NotFound), (method, answer.Status));
            if (method != "HEAD")
                Assert.Equal(
                    ((int)StatusCode.NotFound, ErrorReasons.RouteNotFound),
                    ((int)answer.Body!["code"]!, answer.Reason)
                );
        }
    }
}
