using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

public abstract class JsonTestBase(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private protected static readonly HttpClient Http = new();

    private protected sealed record Answer(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Response)
    {
        public string? Reason => (string?)Detail("ErrorInfo")?["reason"];

        public JsonNode? Detail(string type) =>
            Body
                ?["details"]?.AsArray()
                .FirstOrDefault(d => (string?)d!["@type"] == $"type.googleapis.com/google.rpc.{type}");
    }

    private protected static async Task<Answer> Send(
        TestControlPlane plane,
        string method,
        string path,
        string? body = null,
        string? token = null,
        string contentType = "application/json"
    )
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, contentType);
        return await Send(plane, method, path, content, token);
    }

    private protected static async Task<Answer> Send(
        TestControlPlane plane,
        string method,
        string path,
        HttpContent? content,
        string? token = null,
        bool chunked = false
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), plane.JsonAddress + path);
        request.Content = content;
        if (token != "")
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? plane.AdminToken);
        request.Headers.TransferEncodingChunked = chunked ? true : null;
        var response = await Http.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        return new Answer(response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), response);
    }
}
