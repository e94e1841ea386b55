using Npgsql;
using Testcontainers.PostgreSql;

namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>A server in a container, removed at the end; when the tests are killed, by the library's reaper.</summary>
internal sealed class ContainerPostgres(PostgreSqlContainer container) : IPostgresSource
{
    private const string Image = "postgres:17-alpine";
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(2);

    public string Description => $"a container of {Image}";

    public string AdminConnectionString { get; } =
        new NpgsqlConnectionStringBuilder(container.GetConnectionString()) { Pooling = false }.ConnectionString;

    public bool IsThrownAway => true;

    public static async Task<(ContainerPostgres? Source, string WhyNot)> TryStart(
        ContainerEngine engine,
        CancellationToken ct
    )
    {
        if (await engine.WhyNot(ct) is { } whyNot)
            return (null, whyNot);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(LongestStart);
        PostgreSqlContainer? container = null;
        try
        {
            container = new PostgreSqlBuilder(Image)
                .WithCommand("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
                .Build();
            await container.StartAsync(limit.Token);
            return (new ContainerPostgres(container), "");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Whatever it is, most often an image that can't be pulled, the next kind of server is tried.
            if (container is not null)
                await container.DisposeAsync();
            return (null, $"the container engine can't run {Image}: {e.Message.Split('\n')[0]}");
        }
    }

    public ValueTask DisposeAsync() => container.DisposeAsync();
}
