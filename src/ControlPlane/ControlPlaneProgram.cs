using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Settings;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.EmbeddedPostgres;
using Coder.Mesh.Protocol.Network;
using Coder.Mesh.Shared;
using Npgsql;

namespace Coder.Mesh.ControlPlane;

/// <summary>Command line of <c>mesh-control-plane</c>.</summary>
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
            case ["--help" or "-h" or "help"] or ["admin-token", "--help" or "-h"] or ["help", "admin-token"]:
                Console.WriteLine(Help);
                return 0;
            default:
                await Console.Error.WriteLineAsync($"error: unknown arguments: {string.Join(' ', args)}\n\n{Help}");
                return BadConfiguration;
        }
    }

    /// <returns>Why it failed, for an operator; null on success.</returns>
    private delegate Task<string?> Work(
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        string database,
        bool embedded
    );

    /// <summary>
    /// Creates a builder. Settings come from the environment and from files beside the program, independent of the
    /// working directory.
    /// </summary>
    internal static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory }
        );
        LogSettings.AddDefaults(builder.Configuration);
        return builder;
    }

    /// <summary>Validates the settings and does the work.</summary>
    /// <param name="running">Whether the embedded database of a running control plane may be used.</param>
    private static async Task<int> Run(Work work, bool running = false)
    {
        EnvironmentProxy.ServeProcess();
        WebApplicationBuilder builder;
        try
        {
            builder = NewBuilder();
        }
        catch (Exception e) when (FileProblem.Of(e) is { } unreadable)
        {
            return await Fail(BadConfiguration, [unreadable]);
        }

        var settings = CheckedSettings.Read(builder.Configuration);
        if (settings.Problems.Count > 0)
            return await Fail(BadConfiguration, settings.Problems);
        var (options, embedded, given, _) = settings;
        if (!running && options.Unusable() is { Count: > 0 } unusable)
            return await Fail(CannotStart, unusable);
        try
        {
            return await WithDatabase(work, builder, options, embedded, given, running) is { } undone
                ? await Fail(CannotStart, [undone])
                : 0;
        }
        catch (Exception e) when (Problem(e, given) is { } problem)
        {
            return await Fail(CannotStart, [problem]);
        }
    }

    /// <summary>Connects to a database, or starts an embedded one, for the duration of the work.</summary>
    private static async Task<string?> WithDatabase(
        Work work,
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        EmbeddedPostgresOptions embedded,
        string given,
        bool running
    )
    {
        if (given.Length == 0 && running)
            given = EmbeddedDatabase.FindRunning(embedded) ?? "";
        if (given.Length > 0)
        {
            return await work(builder, options, given, embedded: false);
        }

        if (running && !EmbeddedDatabase.Exists(embedded))
            return NoDeployment($"the data folder {options.DataFolder}");

        using var logging = LoggerFactory.Create(l =>
            l.AddConfiguration(builder.Configuration.GetSection("Logging")).AddConsole()
        );
        await using var postgres = await EmbeddedDatabase.Start(
            embedded,
            TimeProvider.System,
            logging.CreateLogger<EmbeddedDatabase>(),
            CancellationToken.None
        );
        return await work(builder, options, postgres.ConnectionString, embedded: true);
    }

    /// <returns>Why the start failed, for an operator; null for a fault of the program.</returns>
    private static string? Problem(Exception exception, string connectionString)
    {
        if (exception is EmbeddedPostgresException)
            return exception.Message;
        if (DatabaseProblem.Of(exception, connectionString) is { } database)
            return database;
        return StoreFailure.IsUnavailable(exception) ? exception.Message : null;
    }

    private static async Task<int> Fail(int exitCode, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
            await Console.Error.WriteLineAsync($"error: {problem}");
        return exitCode;
    }

    private static async Task<string?> Serve(
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
        return null;
    }

    private static string NoDeployment(string place) =>
        $"There is no deployment in {place}. Set Mesh__DataFolder or ConnectionStrings__Mesh to those of the running control plane.";

    private static async Task<string?> PrintAdminToken(
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        string database,
        bool embedded
    )
    {
        builder.Logging.ClearProviders();
        await using var app = ControlPlaneHost.Build(builder, options, database);
        if (!await DeploymentRecord.Exists(app.Services.GetRequiredService<NpgsqlDataSource>(), CancellationToken.None))
            return NoDeployment(embedded ? $"the data folder {options.DataFolder}" : "the database");
        await app.Services.GetRequiredService<Schema>().Apply(CancellationToken.None);
        Console.WriteLine(
            await app.Services.GetRequiredService<ApiTokens>().Issue(ApiTokens.Admin, CancellationToken.None)
        );
        return null;
    }
}
