using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>The commands that <c>mesh providers create</c> prints, as they are printed, on a real API server.</summary>
public sealed class NextStepsTests(KubernetesFixture fixture)
{
    private const string Namespace = "coder-workspaces";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_printed_makes_a_provider_with_exactly_the_Role_ready_beside_another_agent_on_this_machine()
    {
        var cluster = await fixture.Get();
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(f => File.Exists(Path.Combine(f, "kubectl"))),
            "kubectl is not on PATH: install it."
        );
        await using var mesh = await TestMesh.StartReady(Ct);
        await using var scratch = new Scratch();
        var kubeconfig = scratch["home/.kube/config"];
        Directory.CreateDirectory(Path.GetDirectoryName(kubeconfig)!);
        File.Copy(cluster.KubeconfigFor("admin", groups: "system:masters"), kubeconfig);
        var commands = Commands(
            await mesh.Cli(Ct, "providers", "create", "us-east-1", "--token-out", scratch["us-east-1.token"])
        );
        try
        {
            Assert.Equal(
                [
                    "kubectl create namespace",
                    "mesh-agent role",
                    "mesh-agent --access-url",
                    "mesh providers show",
                    "mesh orgs allow",
                ],
                commands.Select(c =>
                    string.Join(' ', c.Split(' ')[..(c.StartsWith("mesh-agent", StringComparison.Ordinal) ? 2 : 3)])
                )
            );
            await Shell(scratch, mesh, commands[0]);
            await Shell(scratch, mesh, commands[1]);
            // As docs/agent-permissions.md makes one: whoever has it may do what the Role says, and no more.
            await Shell(
                scratch,
                mesh,
                $"kubectl config set-credentials test --token=$(kubectl -n {Namespace} create token mesh-agent) >/dev/null && "
                    + "kubectl config unset users.test.client-certificate-data && kubectl config unset users.test.client-key-data"
            );
            var agent = Start(scratch, mesh, $"exec {commands[2]}");

            await Eventually.Is(
                () => mesh.ProviderNamed("us-east-1", Ct),
                TestMesh.IsReady,
                $"us-east-1 is Ready:\n{agent.Output.Tail}",
                Ct
            );
            Assert.Contains("ready", await Shell(scratch, mesh, commands[3]), StringComparison.OrdinalIgnoreCase);
            await Shell(scratch, mesh, commands[4]);
            Assert.Contains(
                "us-east-1",
                await mesh.Cli(Ct, "workspaces", "create", "dev", "--provider", "us-east-1", "-o", "json"),
                StringComparison.Ordinal
            );
        }
        finally
        {
            await cluster.Admin.Delete($"api/v1/namespaces/{Namespace}", CancellationToken.None);
        }
    }

    /// <summary>What stands indented by four, with the lines that belong together in one.</summary>
    private static List<string> Commands(string printed) =>
        [
            .. printed
                .Replace("\\\n        ", "", StringComparison.Ordinal)
                .Split('\n')
                .Where(l => l.StartsWith("    ", StringComparison.Ordinal))
                .Select(l => l.Trim())
                // The token's file, which is told by itself.
                .Where(l => l.Contains(' ', StringComparison.Ordinal)),
        ];

    private static async Task<string> Shell(Scratch scratch, TestMesh mesh, string command)
    {
        var shell = Start(scratch, mesh, command);
        Assert.True(await shell.ExitWithOutput(Ct) == 0, $"{command}:\n{shell.Output.Tail}");
        return shell.Output.Data;
    }

    private static ChildProcess Start(Scratch scratch, TestMesh mesh, string command) =>
        ChildProcess.Start(
            scratch,
            "bash",
            ["-o", "pipefail", "-c", command],
            new Dictionary<string, string>
            {
                ["PATH"] = $"{Artifacts.Folder}:{Environment.GetEnvironmentVariable("PATH")}",
                ["HOME"] = scratch["home"],
                ["MESH_ADDRESS"] = mesh.Address,
                ["MESH_TOKEN_FILE"] = Path.Combine(mesh.DataFolder, "admin-token"),
            }
        );
}
