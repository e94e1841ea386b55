using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Commands;

/// <summary>A command that finds all as it asks says that there was nothing to change, and succeeds.</summary>
public sealed class UnchangedTests : CliTest
{
    // `resource/name participle: consequence`; the access URL has no name.
    private const string Result = @"^(access-url|[a-z]+/\S+) ([a-z]+(ed|ing|ten)|set|bound)\b";
    private const string Unchanged = @"^(access-url|[a-z]+/\S+) unchanged: \S";

    public static TheoryData<string, string> Writes =>
        new()
        {
            { "UpdateProvider", "providers update eu-west-1 --region eu" },
            { "RenameProvider", "providers rename eu-west-1 eu" },
            { "CordonProvider", "providers cordon eu-west-1 --reason repairs" },
            { "UncordonProvider", "providers uncordon eu-west-1" },
            { "SetDefaultProvider", "providers set-default us-east-1" },
            { "AllowProvider", "orgs allow acme us-east-1" },
            { "DisallowProvider", "orgs disallow acme built-in" },
            { "SetAccessUrl", "access-url set https://mesh.example.com" },
            { "UpdateWorkspace", "workspaces update dev --cpu 2" },
        };

    [Fact]
    public void Every_call_that_can_change_nothing_has_a_command()
    {
        var services = new[]
        {
            ProviderService.Descriptor,
            OrganizationService.Descriptor,
            WorkspaceService.Descriptor,
            DeploymentService.Descriptor,
        };

        Assert.Equal(
            services
                .SelectMany(s => s.Methods)
                .Where(m => m.OutputType.FindFieldByName("unchanged") is not null)
                .Select(m => m.Name)
                .Order(),
            Writes.Select(w => w.Data.Item1).Order()
        );
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task What_changed_something_is_a_success_and_what_changed_nothing_says_so(string call, string command)
    {
        Populate();
        var changed = await Mesh.Run(command.Split(' '));
        Populate();
        Server.Unchanged = true;

        var unchanged = await Mesh.Run(command.Split(' '));

        Assert.Equal([call, call], Server.Writes.Select(w => w.Method));
        Assert.Equal((0, 0), (changed.ExitCode, unchanged.ExitCode));
        Assert.Matches(Result, changed.Stderr);
        Assert.DoesNotMatch(Unchanged, changed.Stderr);
        Assert.Matches(Unchanged, unchanged.Stderr);
    }

    [Theory]
    [InlineData("start", WorkspaceState.Running, true)]
    [InlineData("start", WorkspaceState.Failed, true)]
    [InlineData("start", WorkspaceState.Running, false)]
    [InlineData("start", WorkspaceState.Starting, true, false)]
    [InlineData("stop", WorkspaceState.Stopped, true)]
    [InlineData("stop", WorkspaceState.Stopped, false)]
    [InlineData("stop", WorkspaceState.Running, true, false)]
    [InlineData("restart", WorkspaceState.Running, true, false)]
    public async Task A_wish_that_its_agent_has_reported_already_has_nothing_to_change(
        string verb,
        WorkspaceState state,
        bool reported,
        bool? nothing = null
    )
    {
        var workspace = Sample.Workspace("dev", state);
        Server.Workspaces.All.Add(workspace);
        Server.Workspaces.Changed = w => w.ObservedGeneration = reported ? w.Generation : w.Generation - 1;

        var run = await Mesh.Run("workspaces", verb, "dev");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(
            nothing ?? reported ? "^workspace/dev unchanged: already " : $"^workspace/dev {verb}p?ing",
            run.Stderr
        );
    }

    [Fact]
    public async Task A_context_that_is_so_already_has_nothing_to_change()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Mesh.Home, ".config", "coder-mesh")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.json"),
            """{ "contexts": { "prod": { "address": "https://a.example", "token": "mat_a" } } }""",
            TestContext.Current.CancellationToken
        );
        foreach (
            var command in new[] { "contexts use prod", "contexts set prod --org acme", "contexts set prod --org=" }
        )
        {
            var first = await Mesh.Run(command.Split(' '));
            var second = await Mesh.Run(command.Split(' '));

            Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
            Assert.Matches(Result, first.Stderr);
            Assert.DoesNotMatch(Unchanged, first.Stderr);
            Assert.Matches(Unchanged, second.Stderr);
        }
    }

    private void Populate()
    {
        Server.Providers.All.Clear();
        Server.Organizations.All.Clear();
        Server.Workspaces.All.Clear();
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved(), Sample.Pending("us-east-1")]);
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in", "us-east-1"));
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));
    }
}
