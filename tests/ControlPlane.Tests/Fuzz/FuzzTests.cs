using System.Globalization;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Fuzz;

/// <summary>
/// Bytes of every method and of every frame of an agent: whatever is sent, the answer is none that says that the
/// control plane failed. <c>./build.sh fuzz</c> sends a million of them; here it is a few thousand.
/// </summary>
public sealed class FuzzTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Workers = 6;
    private const int Agents = 3;
    private const int InnocentEvery = 25;

    private static int Inputs => Number("MESH_FUZZ_INPUTS") ?? 3_000;

    private static int Seed => Number("MESH_FUZZ_SEED") ?? Random.Shared.Next();

    [Fact]
    public async Task Whatever_is_sent_no_answer_says_that_the_control_plane_failed()
    {
        var (inputs, seed) = (Inputs, Seed);
        TestContext.Current.SendDiagnosticMessage($"Fuzz: {inputs} inputs from seed {seed}");
        await using var plane = await Start();
        var findings = new FuzzFindings(plane);
        var messages = new FuzzedMessages(new FuzzedValues(await Ids(plane)));

        using var ready = await Ready(plane);

        await Task.WhenAll(
            Calls(plane, messages, findings, inputs * 2 / 3, seed),
            Streams(plane, messages, findings, inputs / 3, seed)
        );

        TestContext.Current.SendDiagnosticMessage(findings.Answers);
        var failed = plane
            .LogRecords.Where(r => r.Level >= LogLevel.Error)
            .Take(5)
            .Select(r => $"{r.Message}: {r.Exception}");
        var found = findings.Found.Concat(failed).ToList();
        Assert.True(found.Count == 0, $"Seed {seed}, {found.Count} findings:\n{string.Join('\n', found)}");
        await Eventually(() => Busy(plane), busy => busy == 0);
    }

    private async Task<TestControlPlane> Start()
    {
        var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            options: o => (o.AttachesPerMinute, o.FramesPerSecond, o.FrameBurst) = (10_000, 100_000, 1_000_000)
        );
        await plane.CreateProvider("west", Ct);
        await plane.CreateProvider("east", Ct);
        return plane;
    }

    /// <summary>An agent of the built-in provider, so that workspaces are placed.</summary>
    private static async Task<TestAgent> Ready(TestControlPlane plane)
    {
        var (id, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);
        await UntilStatus(plane, id, ProviderStatus.Ready);
        await Organization(plane);
        _ = Beat();
        return agent;

        async Task Beat()
        {
            try
            {
                while (true)
                {
                    await agent.Heartbeat(Ct);
                    await agent.Next(ConnectResponse.FrameOneofCase.HeartbeatAck, Ct);
                    await Task.Delay(TimeSpan.FromSeconds(2), Ct);
                }
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException or OperationCanceledException)
            {
                // The end, or a request that revoked its token.
            }
        }
    }

    /// <summary>One that no request can delete, for it has a workspace that none of them names.</summary>
    private static async Task Organization(TestControlPlane plane)
    {
        const string Name = "fuzzed";
        await plane.Organizations.CreateOrganizationAsync(new() { Name = Name }, plane.Admin, cancellationToken: Ct);
        await plane.Organizations.AllowProviderAsync(
            new() { Organization = Name, Provider = "built-in" },
            plane.Admin,
            cancellationToken: Ct
        );
        foreach (var (name, owner) in new[] { ("kept", "keeper"), ("dev-1", ""), ("dev-2", ""), ("dev-3", "jo") })
            await plane.Workspaces.CreateWorkspaceAsync(
                new()
                {
                    Name = name,
                    Organization = Name,
                    Owner = owner,
                    Provider = "built-in",
                    Spec = TestControlPlane.Spec(),
                },
                plane.Admin,
                cancellationToken: Ct
            );
    }

    private static async Task Calls(
        TestControlPlane plane,
        FuzzedMessages messages,
        FuzzFindings findings,
        int inputs,
        int seed
    )
    {
        var calls = new FuzzedCalls(plane, messages, findings);
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Run()));

        async Task Run()
        {
            while (Interlocked.Increment(ref next) is var i && i <= inputs)
            {
                await calls.Send(unchecked(seed + i), Ct);
                if (i % InnocentEvery == 0)
                    await Innocent(plane);
            }
        }
    }

    private static async Task Streams(
        TestControlPlane plane,
        FuzzedMessages messages,
        FuzzFindings findings,
        int inputs,
        int seed
    )
    {
        var streams = new FuzzedStreams(plane, messages, findings);
        var sent = 0;
        await Task.WhenAll(Enumerable.Range(0, Agents).Select(Run));

        async Task Run(int agent)
        {
            var (_, token) = await plane.CreateProvider($"fuzzed-{agent}", Ct);
            for (var i = 0; Volatile.Read(ref sent) < inputs; i++)
                Interlocked.Add(
                    ref sent,
                    await streams.Session(token, $"uid-{agent}", unchecked(seed + i * Agents + agent), Ct)
                );
        }
    }

    /// <summary>A good call beside the bad ones always succeeds.</summary>
    private static async Task Innocent(TestControlPlane plane)
    {
        var deadline = DateTime.UtcNow.AddSeconds(60);
        var options = new CallOptions(plane.Admin, deadline, Ct);
        await plane.Workspaces.ListWorkspacesAsync(new ListWorkspacesRequest { Owner = "nobody" }, options);
        await plane.Deployment.GetDeploymentAsync(new GetDeploymentRequest(), options);
    }

    private static async Task<IReadOnlyList<string>> Ids(TestControlPlane plane)
    {
        var providers = await plane.Providers.ListProvidersAsync(
            new ListProvidersRequest { PageSize = 1 },
            plane.Admin,
            cancellationToken: Ct
        );
        var builtIn = await plane.BuiltIn(Ct);
        return
        [
            providers.NextPageToken,
            providers.ResumeToken,
            builtIn.Id,
            Guid.CreateVersion7().ToString("n"),
            Guid.CreateVersion7().ToString("n"),
        ];
    }

    /// <returns>Connections that still do something.</returns>
    private static async Task<long> Busy(TestControlPlane plane)
    {
        await using var connection = new NpgsqlConnection(plane.Database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(
            "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
            connection
        );
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
