using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.EmbeddedPostgres;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>The settings that are needed before anything is started.</summary>
/// <param name="Embedded">Settings of the embedded PostgreSQL, with the data folder of the control plane.</param>
/// <param name="Database">A connection string; empty for the embedded PostgreSQL.</param>
/// <param name="Problems">All problems; if there are any, the other values must not be used.</param>
internal sealed record CheckedSettings(
    ControlPlaneOptions Options,
    EmbeddedPostgresOptions Embedded,
    string Database,
    IReadOnlyList<string> Problems
)
{
    private const string Traces = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Reads and validates all settings. Pure function.</summary>
    public static CheckedSettings Read(IConfiguration configuration)
    {
        var values = Values(configuration);
        var readable = Readable(configuration, values);
        var options = readable.GetSection(ControlPlaneOptions.Section).Get<ControlPlaneOptions>() ?? new();
        var embedded = readable.GetSection(EmbeddedPostgresOptions.Section).Get<EmbeddedPostgresOptions>() ?? new();
        embedded.DataFolder = options.DataFolder;
        var database = configuration.GetConnectionString("Mesh") ?? "";
        string?[] problems =
        [
            .. SettingNames.Problems(configuration),
            .. LogSettings.Problems(configuration),
            .. values.Select(v => v.Text),
            .. options.Problems(),
            TracesProblem(configuration[Traces] ?? ""),
            database.Length > 0 ? DatabaseProblem.OfText(database) : null,
        ];
        return new CheckedSettings(options, embedded, database, [.. problems.OfType<string>()]);
    }

    private static List<ValueProblem> Values(IConfiguration configuration) =>
        [
            .. SettingValues.Problems<ControlPlaneOptions>(configuration, ControlPlaneOptions.Section),
            .. SettingValues.Problems<AgentStreamOptions>(configuration, AgentStreamOptions.Section),
            .. SettingValues.Problems<CallLimitOptions>(configuration, CallLimitOptions.Section),
            .. SettingValues.Problems<EmbeddedPostgresOptions>(configuration, EmbeddedPostgresOptions.Section),
        ];

    /// <summary>
    /// Returns the configuration without values that cannot be read, so that the others are validated too.
    /// </summary>
    private static IConfigurationRoot Readable(IConfiguration configuration, List<ValueProblem> problems) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(
                configuration
                    .AsEnumerable()
                    .Where(s =>
                        SettingNames.IsOwn(s.Key)
                        && !problems.Any(p => p.Key.Equals(s.Key, StringComparison.OrdinalIgnoreCase))
                    )
            )
            .Build();

    // The exporter would ignore it and send to a collector on this machine. The value may contain a password.
    private static string? TracesProblem(string endpoint) =>
        endpoint.Length == 0
        || Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? null
            : $"{Traces} must be an http or https URL, such as http://collector:4317.";
}
