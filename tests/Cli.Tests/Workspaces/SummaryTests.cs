using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Workspaces;

/// <summary>
/// What can be said of workspaces whose provider isn't ready, or that are not as asked for: the server's word.
/// </summary>
public sealed class SummaryTests : CliTest
{
    [Fact]
    public async Task Lists_and_show_say_how_old_the_last_report_is_and_offer_no_way_in()
    {
        Server.Providers.All.Add(Sample.BuiltIn());
        Server.Workspaces.All.Add(Doubtful("dev", WorkspaceState.Running, WorkspaceState.Running));
        Server.Workspaces.All.Add(Doubtful("web", WorkspaceState.Running, WorkspaceState.Stopping));

        await Check("summary-ls", "workspaces", "ls");
        await Check("summary-show", "workspaces", "show", "dev");
        await Check("summary-show-stopping", "workspaces", "show", "web");
    }

    [Fact]
    public async Task Json_carries_what_the_server_says()
    {
        Server.Workspaces.All.Add(Doubtful("dev", WorkspaceState.Running, WorkspaceState.Stopping));

        var listed = JsonNode.Parse((await Mesh.Run("workspaces", "ls", "-o", "json")).Stdout)![0]!;
        var shown = JsonNode.Parse((await Mesh.Run("workspaces", "show", "dev", "-o", "json")).Stdout)!;

        Assert.Equal("WORKSPACE_STATE_RUNNING", (string?)listed["state"]);
        Assert.Equal("WORKSPACE_STATE_STOPPING", (string?)listed["summary"]!["state"]);
        Assert.Equal("provider built-in is in error", (string?)listed["summary"]!["reason"]);
        Assert.Equal(listed["summary"]!.ToJsonString(), shown["summary"]!.ToJsonString());
    }

    [Fact]
    public async Task A_workspace_that_surely_runs_has_its_way_in()
    {
        Server.Providers.All.Add(Sample.BuiltIn());
        var workspace = Sample.Workspace("dev", WorkspaceState.Running);
        workspace.Summary = new WorkspaceSummary { State = WorkspaceState.Running };
        Server.Workspaces.All.Add(workspace);

        var run = await Mesh.Run("workspaces", "show", "dev");

        Assert.Contains("kubectl exec", run.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_says_what_it_waits_for_when_that_changes()
    {
        Server.Workspaces.Step(w => w.Summary = Waiting());
        Server.Workspaces.Step(_ => { });
        Server.Workspaces.Step(w =>
        {
            (w.State, w.ObservedGeneration) = (WorkspaceState.Running, 1);
            w.Summary = new WorkspaceSummary { State = WorkspaceState.Running };
        });

        await Check("summary-wait", "workspaces", "create", "dev", "--wait");
    }

    [Fact]
    public async Task A_start_that_has_to_wait_says_so_at_once()
    {
        var workspace = Doubtful("dev", WorkspaceState.Stopped, WorkspaceState.Starting);
        workspace.Summary.WaitingFor = Waiting().WaitingFor;
        Server.Workspaces.All.Add(workspace);

        await Check("summary-start", "workspaces", "start", "dev");
        await Check("summary-rm", "workspaces", "rm", "dev", "--yes");
    }

    [Fact]
    public async Task A_create_whose_agent_is_away_says_so_at_once()
    {
        Server.Workspaces.Changed = w =>
            w.Summary = new WorkspaceSummary
            {
                State = WorkspaceState.Pending,
                Reason = "the agent of provider built-in is not connected",
                WaitingFor = "the agent of provider built-in to come back: its connection is lost",
            };

        var run = await Mesh.Run("workspaces", "create", "dev");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            "  | waiting for: the agent of provider built-in to come back: its connection is lost\n",
            run.Stderr,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("restart dev", WorkspaceState.Running, true)]
    [InlineData("update dev --cpu 2", WorkspaceState.Running, true)]
    [InlineData("update dev --cpu 2", WorkspaceState.Stopped, true)]
    [InlineData("start dev", WorkspaceState.Starting, true)]
    [InlineData("restart dev", WorkspaceState.Running, false)]
    [InlineData("update dev --cpu 2", WorkspaceState.Running, false)]
    public async Task Every_change_whose_agent_is_away_says_so_at_once(string command, WorkspaceState shown, bool away)
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", shown));
        Server.Workspaces.Changed = w =>
            w.Summary = new WorkspaceSummary
            {
                State = shown,
                Reason = away
                    ? "the agent of provider built-in is not connected"
                    : "its agent has not acted on the last change yet",
                WaitingFor = away
                    ? "the agent of provider built-in to come back: its connection is lost"
                    : "the agent of provider built-in",
            };

        var run = await Mesh.Run(["workspaces", .. command.Split(' ')]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            away,
            run.Stderr.Contains("  | waiting for: the agent of provider built-in", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Conditions_of_an_agent_that_is_away_are_as_last_reported()
    {
        var provider = Sample.BuiltIn();
        (provider.Agent.Attached, provider.Agent.SinceTime) = (false, Sample.Ago(TimeSpan.FromMinutes(8.5)));
        Server.Providers.All.Add(provider);

        var run = await Mesh.Run("providers", "show", "built-in");

        Assert.Contains(
            "Conditions as last reported 8m ago; no agent is attached:",
            run.Stdout,
            StringComparison.Ordinal
        );
    }

    private static WorkspaceSummary Waiting() =>
        new()
        {
            State = WorkspaceState.Pending,
            Reason = "provider built-in is in error",
            WaitingFor =
                "provider built-in: error agent_disconnected: The agent's stream has ended and it has not come back.",
        };

    private static Workspace Doubtful(string name, WorkspaceState reported, WorkspaceState shown)
    {
        var workspace = Sample.Workspace(name, reported);
        workspace.Summary = new WorkspaceSummary
        {
            State = shown,
            LastReportTime = Sample.Ago(TimeSpan.FromMinutes(8.5)),
            Reason = "provider built-in is in error",
        };
        return workspace;
    }
}
