using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Workspaces;

public sealed class WorkspaceTests : CliTest
{
    [Fact]
    public async Task List_and_show_tell_what_there_is()
    {
        var failed = Sample.Workspace("web", WorkspaceState.Failed);
        failed.StateCode = "unschedulable";
        failed.StateMessage = "0/3 nodes are available: insufficient cpu.";
        failed.Generation = 3;
        failed.Spec.Command.AddRange(["sh", "-c", "sleep 1"]);
        Server.Workspaces.All.AddRange([Sample.Workspace("dev", WorkspaceState.Running), failed]);

        await Check("workspaces-ls", "workspaces", "ls");
        await Check("workspaces-ls-json", "ws", "ls", "-o", "json");
        await Check("workspaces-show", "workspaces", "show", "web");
        await Check("workspaces-ls-none", "ws", "list", "--provider", "other");
    }

    [Fact]
    public async Task A_disk_that_was_created_anew_is_told_by_show_for_ever_and_by_lists_for_some_days()
    {
        var (fresh, old) = (
            Sample.Workspace("dev", WorkspaceState.Running),
            Sample.Workspace("old", WorkspaceState.Running)
        );
        fresh.VolumeCreatedAnewTime = Sample.Ago(TimeSpan.FromMinutes(3.5));
        old.VolumeCreatedAnewTime = Sample.Ago(TimeSpan.FromDays(7.5));
        Server.Workspaces.All.AddRange([fresh, old]);

        await Check("workspaces-ls-disk", "workspaces", "ls");
        await Check("workspaces-ls-disk-json", "workspaces", "ls", "-o", "json");
        await Check("workspaces-show-disk", "workspaces", "show", "dev");
        await Check("workspaces-show-disk-old", "workspaces", "show", "old");
    }

    [Fact]
    public async Task Timeline_reads_like_a_log_the_newest_last()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Failed));
        Server.Workspaces.Timeline = [.. Story()];

        // With the times, which are fixed here.
        foreach (var (name, output) in new[] { ("workspaces-timeline", "table"), ("workspaces-timeline-json", "json") })
        {
            string[] arguments = ["workspaces", "timeline", "dev", "-o", output];
            Expected.Match(name, Expected.Full(arguments, await Mesh.Run(arguments)));
        }

        await Check("workspaces-timeline-not-found", "workspaces", "timeline", "nowhere");
    }

    internal static IEnumerable<TimelineItem> Story() =>
        [
            Sample.Happening(1, 0, TimelineStage.Created, message: "image ubuntu:24.04"),
            Sample.Happening(1, 2, TimelineStage.VolumeBound, message: "pvc-1, 10Gi"),
            Sample.Happening(1, 3, TimelineStage.Scheduled, message: "on node node-1"),
            Sample.Happening(1, 9, TimelineStage.Ready),
            Sample.Happening(2, 700, TimelineStage.RestartRequested),
            Sample.Happening(
                2,
                701,
                TimelineStage.Failed,
                "unschedulable",
                "0/3 nodes are available:\n3 Insufficient \e[31mcpu."
            ),
        ];

    [Fact]
    public async Task List_is_filtered_by_owner_and_state()
    {
        var other = Sample.Workspace("web", WorkspaceState.Failed);
        other.Owner = "eve";
        Server.Workspaces.All.AddRange([
            Sample.Workspace("dev", WorkspaceState.Running),
            Sample.Workspace("old", WorkspaceState.Failed),
            other,
        ]);

        await Check("workspaces-ls-filtered", "workspaces", "ls", "--owner", "admin", "--state", "failed");
        await Check("usage-state", "workspaces", "ls", "--state", "gone");
    }

    [Fact]
    public async Task Create_without_options_has_sensible_defaults()
    {
        await Check("workspaces-create", "workspaces", "create", "dev");

        Assert.True(Server.Workspaces.Created.TryDequeue(out var request));
        Assert.Equal(
            new CreateWorkspaceRequest
            {
                Name = "dev",
                Spec = new WorkspaceSpec
                {
                    Image = "ubuntu:24.04",
                    Cpu = "1",
                    Memory = "2Gi",
                    Disk = "10Gi",
                },
            },
            request
        );
    }

    [Fact]
    public async Task Create_passes_on_what_is_given()
    {
        string[] spec = ["--image", "img", "--cpu", "2", "--memory", "1Gi", "--disk", "5Gi"];
        string[] place = ["--org", "acme", "--provider", "us", "--region", "r"];
        string[] command = ["--command", "sh", "-c", "a b", "--command=-o"];

        var run = await Mesh.Run(["ws", "create", "dev", .. spec, .. place, .. command, "-o", "json"]);

        Assert.Equal(0, run.ExitCode);
        Assert.True(Server.Workspaces.Created.TryDequeue(out var request));
        Assert.Equal(
            new CreateWorkspaceRequest
            {
                Name = "dev",
                Organization = "acme",
                Provider = "us",
                Region = "r",
                Spec = new WorkspaceSpec
                {
                    Image = "img",
                    Cpu = "2",
                    Memory = "1Gi",
                    Disk = "5Gi",
                    Command = { "sh", "-c", "a b", "-o" },
                },
            },
            request
        );
    }

    [Fact]
    public async Task Create_passes_on_the_environment()
    {
        string[] env = ["--env", "B=2=3", "-e", "A=", "--env", "B=4", "--env-from", "tokens", "--env-from", "more"];

        var run = await Mesh.Run(["ws", "create", "dev", .. env]);

        Assert.Equal(0, run.ExitCode);
        Assert.True(Server.Workspaces.Created.TryDequeue(out var request));
        Assert.Equal(new Dictionary<string, string> { ["A"] = "", ["B"] = "4" }, request.Spec.Env);
        Assert.Equal(["tokens", "more"], request.Spec.EnvFrom);
        await Check("usage-env", "ws", "create", "dev", "--env", "nonsense");
    }

    [Fact]
    public async Task Update_names_what_it_changes_and_nothing_else()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        await Check("workspaces-update", "workspaces", "update", "dev", "--cpu", "4", "--disk", "40Gi");
        await Check("workspaces-update-nothing", "workspaces", "update", "dev");
        await Check("workspaces-update-ownership", "workspaces", "update", "dev", "--take-ownership");

        Assert.True(Server.Workspaces.Updated.TryDequeue(out var request));
        Assert.Equal(
            new UpdateWorkspaceRequest
            {
                Workspace = "dev",
                Spec = new WorkspaceSpec { Cpu = "4", Disk = "40Gi" },
                UpdateMask = new() { Paths = { "spec.cpu", "spec.disk" } },
            },
            request
        );
        Assert.True(Server.Workspaces.Updated.TryDequeue(out var ownership));
        Assert.Equal(
            new UpdateWorkspaceRequest
            {
                Workspace = "dev",
                Spec = new(),
                UpdateMask = new(),
                TakeOwnership = true,
            },
            ownership
        );
    }

    [Fact]
    public async Task Update_of_single_variables_keeps_the_others_and_holds_only_for_what_was_read()
    {
        var dev = Sample.Workspace("dev", WorkspaceState.Running);
        dev.Spec.Env.Add(
            new Dictionary<string, string>
            {
                ["KEPT"] = "1",
                ["GONE"] = "2",
                ["CHANGED"] = "3",
            }
        );
        dev.Etag = "7";
        Server.Workspaces.All.Add(dev);

        var run = await Mesh.Run([
            "ws",
            "update",
            "dev",
            "--env",
            "CHANGED=4",
            "--unset-env",
            "GONE",
            "--env-from",
            "",
        ]);

        Assert.Equal(0, run.ExitCode);
        Assert.True(Server.Workspaces.Updated.TryDequeue(out var request));
        Assert.Equal("7", request.Etag);
        Assert.Equal(["spec.env_from", "spec.env"], request.UpdateMask.Paths);
        Assert.Equal(new Dictionary<string, string> { ["KEPT"] = "1", ["CHANGED"] = "4" }, request.Spec.Env);
        Assert.Empty(request.Spec.EnvFrom);
        dev.State = WorkspaceState.Stopped;
        await Check("workspaces-show-env", "workspaces", "show", "dev");
    }

    [Fact]
    public async Task Show_tells_how_to_get_into_one_that_runs()
    {
        var provider = Sample.Moved();
        var dev = Sample.Workspace("dev", WorkspaceState.Running);
        (dev.Provider, dev.ProviderId) = (provider.Name, provider.Id);
        Server.Providers.All.Add(provider);
        Server.Workspaces.All.Add(dev);

        await Check("workspaces-show-running", "workspaces", "show", "dev");
    }

    [Fact]
    public async Task Restart_is_a_wish_too()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Stopped));

        await Check("workspaces-restart", "workspaces", "restart", "dev");
    }

    [Fact]
    public async Task Wishes_without_wait_say_that_they_are_wishes()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        await Check("workspaces-stop", "workspaces", "stop", "dev");
        await Check("workspaces-start", "workspaces", "start", "dev");
        await Check("workspaces-rm", "workspaces", "rm", "dev", "gone", "--yes");
    }

    [Fact]
    public async Task Wishes_in_json_are_an_object()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        await Check("workspaces-stop-json", "workspaces", "stop", "dev", "gone", "-o", "json");
    }

    [Theory]
    [InlineData("show")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("rm", "--yes")]
    public async Task Organization_narrows_a_name(string verb, params string[] more)
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        Assert.Equal(4, (await Mesh.Run(["workspaces", verb, "dev", "--org", "acme", .. more])).ExitCode);
        Assert.Equal(0, (await Mesh.Run(["workspaces", verb, "dev", "--org", "default", .. more])).ExitCode);
    }
}
