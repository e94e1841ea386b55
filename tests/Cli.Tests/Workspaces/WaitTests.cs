using System.Diagnostics;
using System.Globalization;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Workspaces;

public sealed class WaitTests : CliTest
{
    [Fact]
    public async Task Create_waits_until_it_runs_and_tells_each_change()
    {
        Steps(_ => { }, w => Observe(w, WorkspaceState.Starting), w => Observe(w, WorkspaceState.Running));

        await Check("wait-create", "workspaces", "create", "dev", "--wait");
    }

    [Fact]
    public async Task What_happens_meanwhile_is_told_line_by_line_each_once()
    {
        Server.Workspaces.Timeline = [Sample.Happening(1, 0, TimelineStage.Created)];
        Steps(
            w => Happens(w, WorkspaceState.Starting, TimelineStage.VolumeBound, TimelineStage.Scheduled),
            _ => { },
            w => Happens(w, WorkspaceState.Starting, TimelineStage.ImagePulling),
            w => Happens(w, WorkspaceState.Running, TimelineStage.Started, TimelineStage.Ready)
        );

        await Check("wait-create-timeline", "workspaces", "create", "dev", "--wait");
    }

    [Fact]
    public async Task What_happened_before_the_wish_is_not_told()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));
        Server.Workspaces.Timeline = [Sample.Happening(1, 0, TimelineStage.Ready)];
        Steps(
            _ => { },
            w =>
            {
                Observe(w, WorkspaceState.Failed, "unschedulable", "0/3 nodes are available: 3 Insufficient cpu.");
                Server.Workspaces.Timeline.Add(
                    Sample.Happening(
                        2,
                        5,
                        TimelineStage.Failed,
                        "unschedulable",
                        "0/3 nodes are available: 3 Insufficient cpu."
                    )
                );
            }
        );

        await Check("wait-restart-timeline", "workspaces", "restart", "dev", "--wait");
    }

    [Fact]
    public async Task Failure_ends_the_wait_with_its_code_and_message()
    {
        Steps(w => Observe(w, WorkspaceState.Failed, "image_pull_failed", "Back-off pulling image \"img\"."));

        await Check("wait-create-failed", "workspaces", "create", "dev", "--wait");
    }

    [Fact]
    public async Task What_the_cluster_may_still_do_is_waited_for_and_told_in_its_words()
    {
        const string words = "0/3 nodes are available: 3 Insufficient cpu.";
        Server.Workspaces.Timeline = [Sample.Happening(1, 0, TimelineStage.Created)];
        Steps(
            w =>
            {
                Observe(w, WorkspaceState.Starting, "unschedulable", words);
                Server.Workspaces.Timeline.Add(Sample.Happening(1, 2, TimelineStage.Waiting, "unschedulable", words));
            },
            _ => { },
            w => Happens(w, WorkspaceState.Running, TimelineStage.Started, TimelineStage.Ready)
        );

        await Check("wait-create-unschedulable", "workspaces", "create", "dev", "--wait");
    }

    [Theory]
    [InlineData("update", "--disk", "20Gi")]
    [InlineData("restart")]
    public async Task What_the_cluster_refused_of_it_is_told_and_fails_the_one_who_asked_for_that(
        string verb,
        params string[] more
    )
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));
        Steps(w => Observe(w, WorkspaceState.Running, "disk_resize_refused", "The disk still has 10Gi."));

        await Check($"wait-{verb}-refused", ["workspaces", verb, "dev", .. more, "--wait"]);
    }

    [Fact]
    public async Task What_was_observed_before_the_wish_does_not_end_the_wait()
    {
        var workspace = Sample.Workspace("dev", WorkspaceState.Failed);
        workspace.StateCode = "unschedulable";
        Server.Workspaces.All.Add(workspace);
        Steps(_ => { }, _ => { }, w => Observe(w, WorkspaceState.Running));

        await Check("wait-start-after-failure", "workspaces", "start", "dev", "--wait");
    }

    [Fact]
    public async Task Stop_waits_for_each_of_several()
    {
        Server.Workspaces.All.AddRange([
            Sample.Workspace("a", WorkspaceState.Running),
            Sample.Workspace("b", WorkspaceState.Running),
        ]);
        Server.Workspaces.Step(w => Observe(w, WorkspaceState.Stopped), "a");
        Server.Workspaces.Step(w => Observe(w, WorkspaceState.Stopping), "b");
        Server.Workspaces.Step(w => Observe(w, WorkspaceState.Stopped), "b");

        await Check("wait-stop", "workspaces", "stop", "a", "b", "--wait");
    }

    [Theory]
    [InlineData("stop", WorkspaceState.Stopped)]
    [InlineData("rm", WorkspaceState.Deleted)]
    public async Task One_watch_serves_all_that_a_command_waits_for(string verb, WorkspaceState state)
    {
        var names = Enumerable.Range(1, 50).Select(i => $"w{i}").ToArray();
        Server.Workspaces.All.AddRange(names.Select(n => Sample.Workspace(n, WorkspaceState.Running)));
        foreach (var name in names)
            Server.Workspaces.Step(w => Observe(w, state), name);

        var run = await Mesh.Run([
            "workspaces",
            verb,
            .. names,
            .. verb == "rm" ? ["--yes"] : Array.Empty<string>(),
            "--wait",
        ]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(50, run.Stderr.Split($" {(verb == "rm" ? "deleted" : "stopped")}\n").Length - 1);
        Assert.Equal(50, Server.Writes.Count);
        // Beside the writes: a list and a watch of workspaces, and the same of providers, which may come too late.
        Assert.InRange(Server.Requests.Count, 52, 54);
    }

    [Fact]
    public async Task What_ended_before_the_watch_began_is_read_once()
    {
        Server.Workspaces.All.AddRange([
            Sample.Workspace("a", WorkspaceState.Running),
            Sample.Workspace("b", WorkspaceState.Running),
        ]);
        Server.Workspaces.EndsAtOnce = "a";
        Server.Workspaces.Step(w => Observe(w, WorkspaceState.Deleted), "b");

        await Check("wait-rm-ended-before", "workspaces", "rm", "a", "b", "--yes", "--wait");

        Assert.Single(Server.Requests.OfType<GetWorkspaceRequest>());
    }

    [Fact]
    public async Task A_watch_that_cannot_be_resumed_lists_again()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Stopped));
        Steps(w =>
        {
            Observe(w, WorkspaceState.Running);
            w.ResourceVersion++;
            throw FakeControlPlane.Rich(StatusCode.OutOfRange, "list again", ErrorReasons.ResumeTokenExpired);
        });

        await Check("wait-start-list-again", "workspaces", "start", "dev", "--wait");
    }

    [Fact]
    public async Task Rm_waits_until_deleted_is_read()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));
        Steps(_ => { }, w => w.State = WorkspaceState.Deleted);

        await Check("wait-rm", "workspaces", "rm", "dev", "--yes", "--wait");
    }

    [Fact]
    public async Task Rm_of_what_can_no_longer_be_read_is_no_success()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));
        Steps(_ => throw FakeControlPlane.Rich(StatusCode.NotFound, "no such workspace", "WORKSPACE_NOT_FOUND"));

        await Check("wait-rm-not-found", "workspaces", "rm", "dev", "--yes", "--wait");
    }

    [Fact]
    public async Task Another_wish_ends_the_wait()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Stopped));
        Steps(w => w.DesiredState = WorkspaceDesiredState.Deleted);

        await Check("wait-start-overruled", "workspaces", "start", "dev", "--wait");
    }

    [Fact]
    public async Task A_control_plane_that_restarts_does_not_end_the_wait()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Stopped));
        Steps(
            _ => throw FakeControlPlane.Rich(StatusCode.Unavailable, "the control plane restarts", ""),
            _ => throw FakeControlPlane.Rich(StatusCode.Unavailable, "the control plane restarts", ""),
            w => Observe(w, WorkspaceState.Running)
        );

        await Check("wait-start-restart", "workspaces", "start", "dev", "--wait");
    }

    [Fact]
    public async Task Wait_ends_after_its_timeout() =>
        await Check("wait-create-timeout", "workspaces", "create", "dev", "--wait", "--timeout", "3s");

    [Fact]
    public async Task Timeout_does_not_take_what_was_before_the_wish_for_its_outcome()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        await Check("wait-restart-timeout", "workspaces", "restart", "dev", "--wait", "--timeout", "5s");
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task Signal_ends_a_wait_cleanly(string signal, int exitCode)
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Stopped));
        using var process = Mesh.Start(MeshProcess.Executable, ["workspaces", "start", "dev", "--wait"]);
        var finished = Mesh.Finish(process);
        await Task.WhenAny(Server.Workspaces.Awaited.Task, finished);

        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        var run = await finished;

        Assert.Equal(exitCode, run.ExitCode);
        Assert.EndsWith(
            "warning: stopped waiting; the request stays in effect\n",
            run.Stderr,
            StringComparison.Ordinal
        );
    }

    private void Steps(params Action<Workspace>[] steps)
    {
        foreach (var step in steps)
            Server.Workspaces.Step(step);
    }

    private void Happens(Workspace workspace, WorkspaceState state, params TimelineStage[] stages)
    {
        Observe(workspace, state);
        foreach (var stage in stages)
            Server.Workspaces.Timeline!.Add(
                Sample.Happening(workspace.Generation, Server.Workspaces.Timeline.Count, stage, message: $"of {stage}")
            );
    }

    private static void Observe(Workspace workspace, WorkspaceState state, string code = "", string message = "")
    {
        (workspace.State, workspace.StateCode, workspace.StateMessage) = (state, code, message);
        workspace.ObservedGeneration = workspace.Generation;
    }
}
