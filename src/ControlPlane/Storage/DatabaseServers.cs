using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Which of the servers that a connection string names is used: one that takes writes. Pure.</summary>
internal static class DatabaseServers
{
    private const string Attribute = "Target Session Attributes";

    // As connection strings write them. Any other may choose a standby, which takes no writes.
    private static readonly Dictionary<string, TargetSessionAttributes> Writable = new(StringComparer.OrdinalIgnoreCase)
    {
        ["primary"] = TargetSessionAttributes.Primary,
        ["read-write"] = TargetSessionAttributes.ReadWrite,
    };

    public static bool AreSeveral(NpgsqlConnectionStringBuilder given) =>
        given.Host?.Contains(',', StringComparison.Ordinal) == true;

    /// <returns>Null where it can be any server, for only one is named.</returns>
    public static TargetSessionAttributes? Wanted(NpgsqlConnectionStringBuilder given) =>
        given.TargetSessionAttributes is { Length: > 0 } named
            ? Writable.TryGetValue(named, out var wanted)
                ? wanted
                : null
            : AreSeveral(given)
                ? TargetSessionAttributes.Primary
                : null;

    /// <returns>Null if it names no server that a control plane can't use.</returns>
    public static string? Problem(NpgsqlConnectionStringBuilder given) =>
        given.TargetSessionAttributes is { Length: > 0 } named
        && !Writable.ContainsKey(named)
        && (AreSeveral(given) || named != "any")
            ? $"{Attribute} is \"{named}\": it must be primary or read-write, for the control plane writes"
            : null;

    /// <summary>Opens connections to the servers that are wanted.</summary>
    /// <param name="connectionString">Has no <see cref="Problem"/>.</param>
    /// <param name="configure">Adds what else the source has.</param>
    public static NpgsqlDataSource Open(string connectionString, Action<NpgsqlDataSourceBuilder> configure)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var wanted = Wanted(settings);
        // Npgsql takes it from its caller, of a source for several servers; in the string it makes opening fail.
        settings.TargetSessionAttributes = null;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        configure(builder);
        return wanted is { } attributes ? builder.BuildMultiHost().WithTargetSession(attributes) : builder.Build();
    }
}
