using Npgsql;

namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>Somebody else's server: only the databases that are created here are ours.</summary>
internal sealed class GivenPostgres(string connectionString) : IPostgresSource
{
    public string Description => $"the server given by {PostgresFixture.Variable}";

    public string AdminConnectionString { get; } =
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;

    public bool IsThrownAway => false;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
