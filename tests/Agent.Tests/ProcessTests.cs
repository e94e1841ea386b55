using System.Diagnostics;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests;

/// <summary>The executable itself, as an operator starts it.</summary>
public sealed class ProcessTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Process Start(FakeControlPlane server, params string[] arguments) =>
        Start(server, ["--health-address", "127.0.0.1:0"], arguments);

    private static Process Start(FakeControlPlane server, string[] health, string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "mesh-agent"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MESH_TOKEN"] = "mpt_secret", ["MESH_ACCESS_URL"] = server.Address.ToString() },
        };
        foreach (var argument in (string[])[.. arguments, .. health])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task Terminate(Process process)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync(Ct);
    }

    [Fact]
    public async Task Simulated_agent_runs_a_workspace_and_says_goodbye_when_terminated()
    {
        await using var server = await FakeControlPlane.Start();
        using var process = Start(server, "--cluster", "simulated", "--simulated-delay", "10ms");
        try
        {
            var session = await server.Welcome();
            Assert.Equal("simulated", session.Hello!.Cluster.Driver);
            Assert.Empty((await session.NextSnapshot()).Workspaces);
            await session.Desire("w1", 1);
            WorkspaceObserved observed;
            do observed = await session.NextObserved();
            while (observed.State == WorkspaceState.Starting);

            await Terminate(process);
            var goodbye = await session.Next(ConnectRequest.FrameOneofCase.Goodbye);
            await process.WaitForExitAsync(Ct).WaitAsync(Patience.Limit, Ct);

            Assert.Equal((WorkspaceState.Running, 1ul), (observed.State, observed.Generation));
            Assert.Equal(GoodbyeReason.Shutdown, goodbye.Goodbye.Reason);
            Assert.Equal(0, process.ExitCode);
            var log = await process.StandardOutput.ReadToEndAsync(Ct);
            Assert.Contains("The cluster is simulated", log, StringComparison.Ordinal);
            Assert.Contains("Without --simulated-state FILE, each start", log, StringComparison.Ordinal);
            Assert.Matches(
                @"Serving health checks at http://127\.0\.0\.1:\d+: /health/live and /health/ready\r?\n",
                log
            );
            Assert.Matches(@"Condition NamespaceReady is True(: \S[^\n]*)?\n", log);
            Assert.DoesNotMatch(@"Condition [^\n]*:( *\n|  )", log);
            Assert.DoesNotContain("mpt_", log, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Second_agent_on_a_machine_is_told_in_one_line_how_to_choose_another_address()
    {
        await using var server = await FakeControlPlane.Start();
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString()!;
        using var process = Start(server, [], ["--cluster", "simulated", "--health-address", address]);
        try
        {
            await process.WaitForExitAsync(Ct).WaitAsync(Patience.Limit, Ct);

            Assert.Equal(1, process.ExitCode);
            Assert.Equal(
                $"mesh-agent: can't start: another process, such as another agent, listens on {address}. Choose another "
                    + "address for health, such as --health-address 127.0.0.1:0 for any free port (MESH_HEALTH_ADDRESS).\n",
                await process.StandardError.ReadToEndAsync(Ct)
            );
            var log = await process.StandardOutput.ReadToEndAsync(Ct);
            Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
            Assert.DoesNotContain("fail:", log, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Dead_cluster_is_told_within_seconds_and_never_replaced_by_a_simulated_one()
    {
        var kubeconfig = Path.Combine(Directory.CreateTempSubdirectory("agent-tests-").FullName, "kubeconfig");
        await File.WriteAllTextAsync(
            kubeconfig,
            """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{ name: c, context: { cluster: c, user: u, namespace: dev } }]
            clusters: [{ name: c, cluster: { server: "http://127.0.0.1:1" } }]
            users: [{ name: u, user: { token: t } }]
            """,
            Ct
        );
        await using var server = await FakeControlPlane.Start();
        using var process = Start(server, "--kubeconfig", kubeconfig);
        try
        {
            var session = await server.Welcome();
            var beat = await session.Next(ConnectRequest.FrameOneofCase.Heartbeat);

            Assert.Equal(("", "kubernetes"), (session.Hello!.NamespaceUid, session.Hello.Cluster.Driver));
            var reachable = Assert.Single(
                beat.Heartbeat.Readiness.Conditions,
                c => c.Type == ConditionTypes.ClusterReachable
            );
            Assert.Equal((ConditionStatus.False, "cluster_unreachable"), (reachable.Status, reachable.Code));
        }
        finally
        {
            process.Kill();
        }
    }
}
