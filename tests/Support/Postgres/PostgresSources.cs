using Npgsql;

namespace Coder.Mesh.Tests.Support.Postgres;

internal static class PostgresSources
{
    public static async Task<IPostgresSource> Find(CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable(PostgresFixture.Variable) is { Length: > 0 } connectionString)
            return new GivenPostgres(connectionString);

        var (container, whyNot) = await ContainerPostgres.TryStart(ContainerEngine.FromEnvironment(), ct);
        return container ?? (IPostgresSource)await LocalPostgres.Start(whyNot, ct);
    }

    /// <summary>Somebody else's server: only the databases that we create are ours.</summary>
    private sealed class GivenPostgres(string connectionString) : IPostgresSource
    {
        public string Description => $"the server given by {PostgresFixture.Variable}";

        public string AdminConnectionString { get; } =
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;

        public bool IsThrownAway => false;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
