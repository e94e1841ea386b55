using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>
/// Parameters that a request may give several times: the repeated fields of what is read from a query.
/// </summary>
public sealed class JsonRepeatedParameterTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    [Fact]
    public async Task Every_repeated_parameter_is_taken_once_and_several_times_by_name_and_by_number()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (var (route, field) in Parameters(plane))
        {
            var values = field.EnumType.Values.Where(v => v.Number != 0).Take(2).ToList();
            var one = $"{route.Template}?{field.JsonName}={values[0].Name}";
            foreach (
                var path in (string[])
                    [one, $"{one}&{field.JsonName}={values[1].Name}", $"{one}&{field.JsonName}={values[1].Number}"]
            )
            {
                var (status, line) = await FirstLine(plane, path);
                Assert.Equal((path, HttpStatusCode.OK), (path, status));
                Assert.Null(line["code"]);
            }
        }
    }

    [Theory]
    [InlineData("NONE_SUCH")]
    [InlineData("999")]
    [InlineData("")]
    public async Task An_unknown_value_of_a_repeated_parameter_is_refused_with_those_that_there_are(string value)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (var (route, field) in Parameters(plane))
        {
            var known = field.EnumType.Values[1].Name;
            var query = $"?{field.JsonName}={known}&{field.JsonName}={value}";

            var answer = await Send(plane, "GET", route.Template + query);

            Assert.Equal((route.Template, HttpStatusCode.BadRequest), (route.Template, answer.Status));
            var violation = Assert.Single(answer.Detail("BadRequest")!["fieldViolations"]!.AsArray())!;
            Assert.Equal(field.JsonName, (string)violation["field"]!);
            Assert.All(
                field.EnumType.Values,
                v => Assert.Contains(v.Name, (string)violation["description"]!, StringComparison.Ordinal)
            );
        }
    }

    [Theory]
    [InlineData("statuses=PROVIDER_STATUS_PENDING", 1)]
    [InlineData("statuses=PROVIDER_STATUS_PENDING&statuses=PROVIDER_STATUS_READY", 1)]
    [InlineData("statuses=PROVIDER_STATUS_READY&statuses=PROVIDER_STATUS_PENDING", 1)]
    [InlineData("statuses=PROVIDER_STATUS_READY", 0)]
    public async Task Each_value_that_is_given_counts(string query, int found)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await Send(plane, "POST", "/v1/providers", """{"name": "west"}""");

        var answer = await Send(plane, "GET", $"/v1/providers?{query}");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(found, answer.Body!["providers"]!.AsArray().Count(p => (string)p!["name"]! == "west"));
    }

    private static List<(JsonRoute Route, FieldDescriptor Field)> Parameters(TestControlPlane plane)
    {
        var all = plane
            .Services.GetRequiredService<JsonRoutes>()
            .All.Where(r => !r.HasBody)
            .SelectMany(r => r.Method.InputType.Fields.InDeclarationOrder().Select(f => (Route: r, Field: f)))
            .Where(p => p.Field.IsRepeated)
            .ToList();
        Assert.True(all.Count >= 4, $"{all.Count} parameters");
        Assert.All(all, p => Assert.Equal(FieldType.Enum, p.Field.FieldType));
        return all;
    }

    // A watch doesn't end.
    private static async Task<(HttpStatusCode Status, JsonNode Line)> FirstLine(TestControlPlane plane, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, plane.JsonAddress + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plane.AdminToken);
        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
        return (response.StatusCode, JsonNode.Parse((await lines.ReadLineAsync(Ct))!)!);
    }
}
