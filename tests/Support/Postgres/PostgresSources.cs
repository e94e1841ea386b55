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
}
