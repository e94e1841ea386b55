using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Storage.Embedded;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane;

/// <summary>The command line of <c>mesh-control-plane</c>.</summary>
internal static class ControlPlaneProgram
{
    private const int BadConfiguration = 2;
    private const int CannotStart = 1;

    private const string Help = """
        mesh-control-plane: the control plane of Coder.Mesh

        Usage:
          mesh-control-plane               run it
          mesh-control-plane admin-token   make a new admin token and print it, on any host that reaches the database:
                                           by ConnectionStrings__Mesh, or the embedded one in the data folder
          mesh-control-plane --version
          mesh-control-plane --help

        Settings, as environment variables (docs/configuration.md has all of them):
          ConnectionStrings__Mesh          PostgreSQL; without it the control plane runs its own, from local binaries
          Mesh__DataFolder                 tokens and the embedded database  [$XDG_DATA_HOME/coder-mesh]
          Mesh__GrpcAddress                gRPC for agents and callers       [http://127.0.0.1:8081]
          Mesh__HttpAddress                the same API as JSON              [http://127.0.0.1:8080]
          Mesh__ManagementAddress          /metrics and /health              [http://127.0.0.1:8082]
          OTEL_EXPORTER_OTLP_ENDPOINT      where traces and metrics go       [nowhere]
        """;

    public static async Task<int> Run(string[] args)
    {
        switch (args)
        {
            case []:
                return await Run(Serve);
            case ["admin-token"]:
                return await Run(PrintAdminToken, running: true);
            case ["--version"]:
                Console.WriteLine(BuildVersion.Text);
                return 0;
            case ["--help" or "-h" or "help"]:
                Console.WriteLine(Help);
                return 0;
            default:
                await Console.Error.WriteLineAsync($"unknown arguments: {string.Join(' ', args)}\n\n{Help}");
                return BadConfiguration;
        }
    }

    /// <summary>How the own PostgreSQL is run; its data is where the control plane's is.</summary>
    internal static EmbeddedPostgresOptions Embedded(IConfiguration configuration, ControlPlaneOptions options)
    {
        var embedded =
            configuration.GetSection(EmbeddedPostgresOptions.Section).Get<EmbeddedPostgresOptions>() ?? new();
        embedded.DataFolder = options.DataFolder;
        return embedded;
    }

    private delegate Task Work(
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        string database,
        bool embedded
    );

    /// <summary>Finds a database, or starts one, for as long as the work lasts.</summary>
    /// <param name="running">The embedded database of a control plane that runs will do.</param>
    private static async Task<int> Run(Work work, bool running = false)
    {
        var builder = WebApplication.CreateBuilder();
        ControlPlaneOptions options;
        EmbeddedPostgresOptions embedded;
        try
        {
            options = builder.Configuration.GetSection(ControlPlaneOptions.Section).Get<ControlPlaneOptions>() ?? new();
            embedded = Embedded(builder.Configuration, options);
            // Bound again where it is used; here only to be told of what can't be read.
            _ = builder.Configuration.GetSection(AgentStreamOptions.Section).Get<AgentStreamOptions>();
        }
        catch (InvalidOperationException e)
        {
            return await Fail(BadConfiguration, [e.Message]);
        }

        if (options.Problems().Concat(embedded.Problems()).ToList() is { Count: > 0 } problems)
            return await Fail(BadConfiguration, problems);
        try
        {
            var given = builder.Configuration.GetConnectionString("Mesh");
            if (string.IsNullOrEmpty(given) && running)
                given = EmbeddedPostgres.FindRunning(embedded);
            if (!string.IsNullOrEmpty(given))
            {
                await work(builder, options, given, embedded: false);
                return 0;
            }

            using var logging = LoggerFactory.Create(l =>
                l.AddConfiguration(builder.Configuration.GetSection("Logging")).AddConsole()
            );
            await using var postgres = await EmbeddedPostgres.Start(
                embedded,
                TimeProvider.System,
                logging.CreateLogger<EmbeddedPostgres>(),
                CancellationToken.None
            );
            await work(builder, options, postgres.ConnectionString, embedded: true);
            return 0;
        }
        catch (OptionsValidationException e)
        {
            return await Fail(BadConfiguration, e.Failures);
        }
        catch (Exception e)
            when (StoreFailure.IsAway(e)
                || e is EmbeddedPostgresException or Microsoft.AspNetCore.Connections.AddressInUseException
            )
        {
            return await Fail(CannotStart, [e.Message]);
        }
    }

    private static async Task<int> Fail(int exitCode, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
            await Console.Error.WriteLineAsync($"error: {problem}");
        return exitCode;
    }

    private static async Task Serve(
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        string database,
        bool embedded
    )
    {
        await using var app = ControlPlaneHost.Build(builder, options, database);
        await ControlPlaneHost.Prepare(app, options, embedded, CancellationToken.None);
        await ControlPlaneHost.Serve(app, CancellationToken.None);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var asks = app.Lifetime.ApplicationStopping.Register(asked.SetResult);
        await asked.Task;
        await ControlPlaneHost.Stop(app);
    }

    private static async Task PrintAdminToken(
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        string database,
        bool embedded
    )
    {
        builder.Logging.ClearProviders();
        await using var app = ControlPlaneHost.Build(builder, options, database);
        await app.Services.GetRequiredService<Schema>().Apply(CancellationToken.None);
        Console.WriteLine(
            await app.Services.GetRequiredService<ApiTokens>().Issue(ApiTokens.Admin, CancellationToken.None)
        );
    }
}
