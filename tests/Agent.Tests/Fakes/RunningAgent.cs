using System.Net;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Coder.Mesh.Agent.Tests.Fakes;

/// <summary>The whole agent, on a fake cluster and a clock that stands still.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();
    private bool _stopped;

    private RunningAgent(WebApplication app, FakeDriver driver, ObservedTime time, FakeLogCollector logs) =>
        (_app, Driver, Time, Logs) = (app, driver, time, logs);

    public FakeDriver Driver { get; }

    public ObservedTime Time { get; }

    public FakeLogCollector Logs { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<RunningAgent> Start(
        FakeControlPlane server,
        FakeDriver? driver = null,
        Func<AgentOptions, AgentOptions>? change = null,
        double jitter = 0.5
    )
    {
        driver ??= new FakeDriver();
        var time = new ObservedTime();
        var logs = new FakeLogCollector();
        var options = new AgentOptions
        {
            AccessUrl = server.Address,
            Token = new Secret("mpt_secret"),
            Cluster = ClusterKind.Simulated,
            HealthAddress = new IPEndPoint(IPAddress.Loopback, 0),
        };
        var app = AgentHost.Build(
            change?.Invoke(options) ?? options,
            services =>
            {
                services.Replace(ServiceDescriptor.Singleton<IClusterDriver>(driver));
                services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time));
                services.Replace(ServiceDescriptor.Singleton(new Jitter(() => jitter)));
                services.AddLogging(l => l.ClearProviders().AddProvider(new FakeLoggerProvider(logs)));
            }
        );
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RunningAgent(app, driver, time, logs);
    }

    /// <summary>An answer of the health endpoint: its status, and its text in one line.</summary>
    public async Task<(HttpStatusCode Status, string Text)> Health(string path)
    {
        using var response = await _http.GetAsync(
            new Uri(new Uri(_app.Urls.Single()), path),
            TestContext.Current.CancellationToken
        );
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.TrimEnd('\n'));
    }

    public async Task Stop()
    {
        _stopped = true;
        await _app.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            // The agent waits on the still clock for a goodbye's answer; with this it doesn't.
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
        }

        await _app.DisposeAsync();
        _http.Dispose();
    }
}
