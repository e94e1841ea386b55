using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests;

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
        await Check("usage-state", "workspaces", "ls", "--state", "lost");
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
    public async Task Wishes_without_wait_say_that_they_are_wishes()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        await Check("workspaces-stop", "workspaces", "stop", "dev");
        await Check("workspaces-start", "workspaces", "start", "dev");
        await Check("workspaces-rm", "workspaces", "rm", "dev", "gone");
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
    [InlineData("rm")]
    public async Task Organization_narrows_a_name(string verb)
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));

        Assert.Equal(4, (await Mesh.Run("workspaces", verb, "dev", "--org", "acme")).ExitCode);
        Assert.Equal(0, (await Mesh.Run("workspaces", verb, "dev", "--org", "default")).ExitCode);
    }
}
