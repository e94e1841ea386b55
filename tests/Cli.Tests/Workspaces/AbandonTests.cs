using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Workspaces;

/// <summary>`mesh workspaces rm --abandon`.</summary>
public sealed class AbandonTests : CliTest
{
    [Fact]
    public async Task Abandon_ends_what_is_stuck_and_is_refused_for_the_rest()
    {
        Server.Workspaces.All.AddRange([
            Sample.Workspace("dev", WorkspaceState.Deleting),
            Sample.Workspace("web", WorkspaceState.Running),
        ]);

        await Check(
            "workspaces-abandon",
            ["workspaces", "rm", "dev", "web", "--abandon", "--reason", "its cluster is gone", "--yes"]
        );

        Assert.Equal(["its cluster is gone", "its cluster is gone"], Server.Workspaces.Abandoned.Select(a => a.Reason));
    }

    [Theory]
    [InlineData("workspaces-abandon-unasked", "--abandon", "--reason", "gone")]
    [InlineData("workspaces-abandon-no-reason", "--abandon", "--yes")]
    [InlineData("workspaces-abandon-wait", "--abandon", "--reason", "gone", "--wait")]
    [InlineData("workspaces-rm-reason", "--reason", "gone")]
    public async Task Abandon_is_a_usage_error_unless_all_of_it_is_said(string name, params string[] options)
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Deleting));

        await Check(name, ["workspaces", "rm", "dev", .. options]);

        Assert.Empty(Server.Writes);
    }

    [Theory]
    [InlineData("yes", 0)]
    [InlineData("dev", 2)]
    public async Task Terminal_asks_before_it_abandons(string typed, int exitCode)
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Deleting));

        var run = await PseudoTerminal.Answer(Mesh, typed, "workspaces rm dev --abandon --reason gone");

        Assert.Contains("Abandon? [y/N]", run.Stdout, StringComparison.Ordinal);
        Assert.Equal((exitCode, exitCode == 0 ? 1 : 0), (run.ExitCode, Server.Workspaces.Abandoned.Count));
    }
}
