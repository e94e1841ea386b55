using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Settings;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Hosting;

/// <summary>A whole control plane in this process: real Kestrel on free loopback ports, real PostgreSQL.</summary>
internal sealed class TestControlPlane : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;
    private readonly string _folder;
    private bool _stopped;

    private TestControlPlane(WebApplication app, string database, string folder, string adminToken)
    {
        (_app, Database, _folder, AdminToken) = (app, database, folder, adminToken);
        (GrpcAddress, JsonAddress, ManagementAddress) = ControlPlaneHost.Addresses(app);
        _channel = GrpcChannel.ForAddress(GrpcAddress);
    }

    public string Database { get; }

    /// <summary>What it has logged, for the message of a test that fails.</summary>
    public string Log =>
        string.Join(
            '\n',
            Logs.Collector.GetSnapshot().Select(r => $"{r.Timestamp:HH:mm:ss.fff} {r.Category}: {r.Message}")
        );

    /// <summary>All lines that it has written, as an operator gets them without settings.</summary>
    public IReadOnlyList<FakeLogRecord> LogRecords =>
        [.. Logs.Collector.GetSnapshot().Where(r => r.Level >= LogLevel.Information)];

    private FakeLoggerProvider Logs { get; init; } = new();

    public string GrpcAddress { get; }

    public string JsonAddress { get; }

    public string ManagementAddress { get; }

    public string AdminToken { get; }

    public IServiceProvider Services => _app.Services;

    public Metadata Admin => new() { { "authorization", $"Bearer {AdminToken}" } };

    public ProviderService.ProviderServiceClient Providers => new(_channel);

    public DeploymentService.DeploymentServiceClient Deployment => new(_channel);

    public WorkspaceService.WorkspaceServiceClient Workspaces => new(_channel);

    public OrganizationService.OrganizationServiceClient Organizations => new(_channel);

    public AgentService.AgentServiceClient Agents => new(_channel);

    public GrpcChannel Channel => _channel;

    /// <param name="database">Of an earlier control plane, to start again on it; a fresh one if null.</param>
    public static async Task<TestControlPlane> Start(
        PostgresFixture postgres,
        CancellationToken ct,
        TimeProvider? time = null,
        Action<AgentStreamOptions>? options = null,
        string? database = null,
        Action<IServiceCollection>? services = null
    )
    {
        // A copy of the template has the schema already, and to compare it is most of the time that a start takes.
        var migrated = database is null;
        database ??= await postgres.CreateDatabase("mesh_schema", Migrate, ct);
        var folder = Directory.CreateTempSubdirectory("mesh-test-").FullName;
        var settings = new ControlPlaneOptions
        {
            GrpcAddress = "http://127.0.0.1:0",
            HttpAddress = "http://127.0.0.1:0",
            ManagementAddress = "http://127.0.0.1:0",
            DataFolder = folder,
        };
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        // As in production somebody listens to the log; without anybody requests get no trace.
        var logs = new FakeLoggerProvider();
        builder.Logging.AddProvider(logs);
        if (time is not null)
            builder.Services.AddSingleton(time);
        services?.Invoke(builder.Services);
        if (options is not null)
            builder.Services.PostConfigure(options);
        var app = ControlPlaneHost.Build(builder, settings, database);
        if (!migrated)
            await app.Services.GetRequiredService<Schema>().Apply(ct);
        await ControlPlaneHost.PrepareResources(app, settings, embedded: false, ct);
        var token = await app.Services.GetRequiredService<ApiTokens>().Issue(ApiTokens.Admin, ct);
        await ControlPlaneHost.Serve(app, ct);
        return new TestControlPlane(app, database, folder, token) { Logs = logs };
    }

    public async Task<(string Id, string Token)> CreateProvider(string name, CancellationToken ct)
    {
        var created = await Providers.CreateProviderAsync(
            new CreateProviderRequest { Name = name },
            Admin,
            cancellationToken: ct
        );
        return (created.Provider.Id, created.Token);
    }

    /// <summary>A token of the built-in provider, beside the one of its file.</summary>
    public async Task<(string Id, string Token)> BuiltIn(CancellationToken ct)
    {
        var provider = await Services.GetRequiredService<ProviderView>().BuiltIn(ct);
        var token = await Services.GetRequiredService<ProviderTokens>().IssueLocal(provider.ProviderId, ct);
        return (provider.ProviderId, token);
    }

    public async Task<Coder.Mesh.V1.Provider> Provider(string reference, CancellationToken ct) =>
        (
            await Providers.GetProviderAsync(
                new GetProviderRequest { Provider = reference },
                Admin,
                cancellationToken: ct
            )
        ).Provider;

    public async Task<Coder.Mesh.V1.Workspace> Workspace(string reference, CancellationToken ct) =>
        (
            await Workspaces.GetWorkspaceAsync(
                new GetWorkspaceRequest { Workspace = reference },
                Admin,
                cancellationToken: ct
            )
        ).Workspace;

    public async Task<Coder.Mesh.V1.Workspace> CreateWorkspace(string name, CancellationToken ct) =>
        (
            await Workspaces.CreateWorkspaceAsync(
                new CreateWorkspaceRequest { Name = name, Spec = Spec() },
                Admin,
                cancellationToken: ct
            )
        ).Workspace;

    public static Coder.Mesh.V1.WorkspaceSpec Spec() =>
        new()
        {
            Image = "example/image:1",
            Cpu = "500m",
            Memory = "1Gi",
            Disk = "5Gi",
        };

    public async Task Stop()
    {
        if (_stopped)
            return;
        _stopped = true;
        await ControlPlaneHost.Stop(_app);
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await Stop();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task Migrate(string connectionString, CancellationToken ct)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddStorage(connectionString);
        services.AddSingleton(TimeProvider.System);
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<Schema>().Apply(ct);
    }
}
