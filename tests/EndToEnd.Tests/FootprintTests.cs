using System.Diagnostics;
using System.Globalization;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>
/// What the agent of native code needs with a thousand workspaces on a real API server. <c>./build.sh aot</c> makes
/// such an agent and runs this.
/// </summary>
public sealed class FootprintTests(KubernetesFixture fixture, ITestOutputHelper output)
{
    private const int Count = 1000;
    private const int CallersAtOnce = 16;
    private const long MostBinaryBytes = 20_000_000;

    // The budget is 40 MiB, and isn't kept: this only keeps it from growing.
    private const double MostResidentMib = 75;

    // 500 ms on a quiet machine; this one runs the API server, its controllers and PostgreSQL on the same cores.
    private static readonly TimeSpan MostToReady = TimeSpan.FromSeconds(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task The_native_agent_with_a_thousand_workspaces_keeps_its_budgets()
    {
        var binary = new FileInfo(
            Path.GetFullPath(File.ResolveLinkTarget(Artifacts.Agent, true)?.FullName ?? Artifacts.Agent)
        );
        Assert.False(
            File.Exists($"{binary.FullName}.dll"),
            "The agent in MESH_ARTIFACTS isn't of native code: ./build.sh aot makes one and runs this."
        );
        var cluster = await fixture.Get();
        await using var ns = await cluster.CreateNamespace(Rules, Ct);
        await using var mesh = await TestMesh.Start(Ct);

        var began = Stopwatch.GetTimestamp();
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        var ready = Stopwatch.GetElapsedTime(began);
        var idle = Resident(mesh.Agent);
        await Fill(mesh, ns);
        var full = Resident(mesh.Agent);

        await mesh.Agent.Kill(Ct);
        began = Stopwatch.GetTimestamp();
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        await mesh.Agent.Line($"The cluster has {Count} workspaces", Ct);
        var listed = Stopwatch.GetElapsedTime(began);
        var restarted = Resident(mesh.Agent);

        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"binary {binary.Length} B; start to Ready {ready.TotalMilliseconds:0} ms, to {Count} workspaces listed "
                    + $"{listed.TotalMilliseconds:0} ms; resident {idle:0.0} MiB idle, {full:0.0} MiB after {Count} creates, "
                    + $"{restarted:0.0} MiB restarted with {Count}"
            )
        );
        Assert.InRange(binary.Length, 1, MostBinaryBytes);
        Assert.InRange(ready, TimeSpan.Zero, MostToReady);
        Assert.InRange(Math.Max(full, restarted), 1, MostResidentMib);
    }

    private static async Task Fill(TestMesh mesh, TestNamespace ns)
    {
        using var token = new SemaphoreSlim(CallersAtOnce);
        await Task.WhenAll(Enumerable.Range(0, Count).Select(Create));
        await Eventually.Is(
            async () => (await ns.List("deployments", Ct)).Count,
            there => there == Count,
            $"{Count} Deployments are there",
            Ct,
            TimeSpan.FromMinutes(5)
        );

        async Task Create(int number)
        {
            await token.WaitAsync(Ct);
            try
            {
                var request = new CreateWorkspaceRequest
                {
                    Name = $"w{number}",
                    Spec = new WorkspaceSpec
                    {
                        Image = "registry.example/dev:1",
                        Cpu = "10m",
                        Memory = "16Mi",
                        Disk = "1Gi",
                    },
                };
                await mesh.Workspaces.CreateWorkspaceAsync(request, deadline: TestMesh.Deadline, cancellationToken: Ct);
            }
            finally
            {
                token.Release();
            }
        }
    }

    private static double Resident(ChildProcess process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status")
            .First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
            / 1024;
    }

    private static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));
}
