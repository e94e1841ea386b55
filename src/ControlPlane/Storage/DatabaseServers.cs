using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Selects the server of a connection string that accepts writes. Pure functions, except for opening.
/// </summary>
internal static class DatabaseServers
{
    private const string Attribute = "Target Session Attributes";

    // As written in connection strings. Any other value may select a standby, which accepts no writes.
    private static readonly Dictionary<string, TargetSessionAttributes> Writable = new(StringComparer.OrdinalIgnoreCase)
    {
        ["primary"] = TargetSessionAttributes.Primary,
        ["read-write"] = TargetSessionAttributes.ReadWrite,
    };

    public static bool AreSeveral(NpgsqlConnectionStringBuilder given) =>
        given.Host?.Contains(',', StringComparison.Ordinal) == true;

    /// <returns>Null if only one server is named.</returns>
    public static TargetSessionAttributes? Wanted(NpgsqlConnectionStringBuilder given) =>
        given.TargetSessionAttributes is { Length: > 0 } named
            ? Writable.TryGetValue(named, out var wanted)
                ? wanted
                : null
            : AreSeveral(given)
                ? TargetSessionAttributes.Primary
                : null;

    /// <returns>Null if the connection string selects only servers that accept writes.</returns>
    public static string? Problem(NpgsqlConnectionStringBuilder given) =>
        given.TargetSessionAttributes is { Length: > 0 } named
        && !Writable.ContainsKey(named)
        && (AreSeveral(given) || named != "any")
            ? $"{Attribute} is \"{named}\": it must be primary or read-write, for the control plane writes"
            : null;

    /// <summary>Creates a data source for the selected servers.</summary>
    /// <param name="connectionString">A connection string without a <see cref="Problem"/>.</param>
    /// <param name="configure">Configures the data source further.</param>
    public static NpgsqlDataSource Open(string connectionString, Action<NpgsqlDataSourceBuilder> configure)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var wanted = Wanted(settings);
        // A data source for several servers takes the attribute from its caller; with the attribute in the string,
        // opening fails.
        settings.TargetSessionAttributes = null;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        configure(builder);
        return wanted is { } attributes ? builder.BuildMultiHost().WithTargetSession(attributes) : builder.Build();
    }
}
