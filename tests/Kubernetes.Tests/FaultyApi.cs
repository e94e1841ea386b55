using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Coder.Mesh.Tests.Support.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Stands before the real API server and does to requests what a test says; the rest goes through.</summary>
internal sealed class FaultyApi : IAsyncDisposable
{
    private readonly HttpClient _server;
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<SeenRequest> _seen = new();
    private readonly TemporaryFile _kubeconfig;
    private CancellationTokenSource _cut = new();

    private FaultyApi(TestNamespace ns, Uri server)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 200 };
#pragma warning disable CA5359 // It is the test's own server, on loopback.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        _server = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(Serve);
        _app.Start();
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        _kubeconfig = EditedKubeconfig.Through(address.Addresses.Single(), ns.Kubeconfig);
    }

    /// <summary>What befalls a request; null lets it through.</summary>
    public Func<SeenRequest, Fault?> Befalls { get; set; } = _ => null;

    public IReadOnlyList<SeenRequest> Seen => [.. _seen];

    public string Kubeconfig => _kubeconfig.Path;

    public static FaultyApi Before(KubernetesControlPlane controlPlane, TestNamespace ns) =>
        new(ns, controlPlane.Address);

    public IReadOnlyList<SeenRequest> Lists(string resource) =>
        [.. Seen.Where(r => r.IsList && r.Resource == resource)];

    public IReadOnlyList<SeenRequest> Watches(string resource) =>
        [.. Seen.Where(r => r.IsWatch && r.Resource == resource)];

    /// <summary>Breaks all answers that are under way off, as a connection that is lost does.</summary>
    public async Task Cut()
    {
        using var cut = Interlocked.Exchange(ref _cut, new CancellationTokenSource());
        await cut.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Cut();
        await _app.DisposeAsync();
        _cut.Dispose();
        _server.Dispose();
        _kubeconfig.Dispose();
    }

    private async Task Serve(HttpContext context)
    {
        var request = SeenRequest.Of(context.Request);
        _seen.Enqueue(request);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _cut.Token);
        try
        {
            var fault = Befalls(request);
            if (fault?.Until is { } until)
                await until.WaitAsync(either.Token);
            if (fault?.Status is { } status)
                await Refuse(context.Response, request, fault, status, either.Token);
            else
                await Forward(context, request, either.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
        {
            context.Abort();
        }
    }

    private static async Task Refuse(
        HttpResponse response,
        SeenRequest request,
        Fault fault,
        int status,
        CancellationToken ct
    )
    {
        var said = $$"""{"kind":"Status","status":"Failure","message":"{{fault.Message}}","code":{{status}}}""";
        request.Status = response.StatusCode = fault.InStream ? 200 : status;
        if (fault.RetryAfter is { } seconds)
            response.Headers.RetryAfter = $"{seconds}";
        await response.WriteAsync(fault.InStream ? $$"""{"type":"ERROR","object":{{said}}}""" : said, ct);
    }

    private async Task Forward(HttpContext context, SeenRequest request, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            $"{context.Request.Path}{context.Request.QueryString}".TrimStart('/')
        );
        if (context.Request.ContentLength > 0)
        {
            message.Content = new StreamContent(context.Request.Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        }

        foreach (var name in new[] { "Authorization", "Accept" })
            message.Headers.TryAddWithoutValidation(name, context.Request.Headers[name].AsEnumerable());
        using var answer = await _server.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct);
        request.Status = context.Response.StatusCode = (int)answer.StatusCode;
        // At once: a watch that has nothing to tell is open all the same.
        await context.Response.Body.FlushAsync(ct);
        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        var buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, ct) is > 0 and var read)
        {
            request.Heard(buffer.AsSpan(0, read));
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), ct);
            await context.Response.Body.FlushAsync(ct);
        }
    }
}

/// <param name="Status">Answers so instead of the server; null: the server answers.</param>
/// <param name="InStream">The refusal is an event in a watch that was opened.</param>
/// <param name="Until">Nothing happens before.</param>
internal sealed record Fault(
    int? Status = null,
    string Message = "staged",
    int? RetryAfter = null,
    bool InStream = false,
    Task? Until = null
);

/// <summary>A request as it came by, and what came back.</summary>
internal sealed class SeenRequest(string method, string path, IQueryCollection query)
{
    private readonly StringBuilder _body = new();

    public DateTimeOffset At { get; } = DateTimeOffset.UtcNow;

    public string Method => method;

    public string Path => path;

    public string Resource { get; } = path.Split('/').LastOrDefault() ?? "";

    public bool IsWatch => query.ContainsKey("watch");

    public bool IsList => !IsWatch && query.ContainsKey("labelSelector");

    /// <summary>An apply that takes over what others hold.</summary>
    public bool Forced => query["force"] == "true";

    public string ResourceVersion => query["resourceVersion"].ToString();

    public int Status { get; set; }

    public string Body
    {
        get
        {
            lock (_body)
                return _body.ToString();
        }
    }

    /// <summary>What a watch has told so far; nothing if it was refused.</summary>
    public IReadOnlyList<JsonNode> Events =>
        Status != 200
            ? []
            : [.. Body.Split('\n').SkipLast(1).Where(line => line.Length > 0).Select(line => JsonNode.Parse(line)!)];

    public static SeenRequest Of(HttpRequest request) => new(request.Method, request.Path, request.Query);

    public void Heard(ReadOnlySpan<byte> part)
    {
        lock (_body)
            _body.Append(Encoding.UTF8.GetString(part));
    }
}
