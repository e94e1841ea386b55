using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Connection;

/// <summary>Which organization and whose workspaces commands mean, by option, environment and context.</summary>
public sealed class DefaultOrganizationTests : CliTest
{
    // What each says, and which organization is asked for in the end.
    public static TheoryData<string?, string?, string?, bool, string> Origins { get; } =
        new()
        {
            { null, null, null, false, "" },
            { null, null, "saved", false, "saved" },
            { null, "environment", "saved", false, "environment" },
            { "option", "environment", "saved", false, "option" },
            // A context that the command line names is as good as an option, but for the option itself.
            { null, "environment", "saved", true, "saved" },
            { null, "environment", null, true, "environment" },
            { "option", "environment", "saved", true, "option" },
        };

    [Theory]
    [MemberData(nameof(Origins))]
    public async Task The_option_comes_first_then_environment_and_context(
        string? option,
        string? environment,
        string? saved,
        bool named,
        string expected
    )
    {
        await LogIn(saved);
        if (environment is not null)
            Mesh.Variables["MESH_ORG"] = environment;
        string[] context = named ? ["--context", "prod"] : [];
        string[] given = option is null ? [] : ["--org", option];

        var run = await Mesh.Run(["workspaces", "ls", "-o", "json", .. context, .. given]);

        Assert.Equal((0, "[]\n"), (run.ExitCode, run.Stdout));
        Assert.Equal(expected, Assert.Single(Server.Requests.OfType<ListWorkspacesRequest>()).Organization);
    }

    [Fact]
    public async Task Every_command_about_workspaces_means_it_and_the_owner_that_is_named()
    {
        Mesh.Variables["MESH_ORG"] = "acme";
        var workspace = Sample.Workspace("dev", WorkspaceState.Running);
        (workspace.Organization, workspace.Owner) = ("acme", "jo");
        Server.Workspaces.All.Add(workspace);
        Server.Workspaces.Timeline = [];
        string[] lines =
        [
            "show dev",
            "timeline dev",
            "start dev",
            "stop dev",
            "restart dev",
            "update dev --env A=b",
            "rm dev --yes",
            "rm dev --abandon --reason gone --yes",
            "create new",
        ];

        foreach (var line in lines)
        {
            Server.Requests.Clear();
            Server.Workspaces.All[0].State = WorkspaceState.Failed;
            var run = await Mesh.Run(["workspaces", .. line.Split(' '), "--owner", "jo"]);

            Assert.Equal((line, 0, ""), (line, run.ExitCode, run.ExitCode == 0 ? "" : run.Stderr));
            Assert.All(
                Server.Requests.Where(r => r.Descriptor.FindFieldByName("organization") is not null),
                request =>
                    Assert.Equal((line, "acme", "jo"), (line, Field(request, "organization"), Field(request, "owner")))
            );
            Assert.Contains(Server.Requests, r => r.Descriptor.FindFieldByName("organization") is not null);
        }
    }

    [Fact]
    public async Task A_context_keeps_it_shows_it_and_gives_it_up()
    {
        await LogIn(saved: "acme");

        var listed = JsonNode.Parse((await Mesh.Run("contexts", "ls", "-o", "json")).Stdout)!.AsArray();
        var who = JsonNode.Parse((await Mesh.Run("whoami", "-o", "json")).Stdout)!;
        var everywhere = await Mesh.Run("workspaces", "ls", "--all-orgs");
        var cleared = await Mesh.Run("contexts", "set", "--org", "");
        var after = JsonNode.Parse((await Mesh.Run("whoami", "-o", "json")).Stdout)!;

        Assert.Equal("acme", (string?)Assert.Single(listed)!["organization"]);
        Assert.Equal(("acme", "context \"prod\""), ((string?)who["organization"], (string?)who["organizationOrigin"]));
        Assert.Equal(0, everywhere.ExitCode);
        Assert.Equal("", Assert.Single(Server.Requests.OfType<ListWorkspacesRequest>()).Organization);
        Assert.Equal((0, "context/prod updated: it has no default organization\n"), (cleared.ExitCode, cleared.Stderr));
        Assert.Equal(("", ""), ((string?)after["organization"], (string?)after["organizationOrigin"]));
    }

    /// <summary>It belongs to the control plane that the context is of.</summary>
    [Fact]
    public async Task A_contexts_organization_is_not_asked_of_another_address()
    {
        await LogIn(saved: "acme");
        await using var other = await FakeControlPlane.Start();
        Mesh.Variables["MESH_TOKEN"] = FakeControlPlane.ApiToken;

        await Mesh.Run("workspaces", "ls", "--address", other.Address);

        Assert.Equal("", Assert.Single(other.Requests.OfType<ListWorkspacesRequest>()).Organization);
    }

    [Fact]
    public async Task A_default_that_does_not_exist_says_where_it_came_from()
    {
        Mesh.Variables["MESH_ORG"] = "acne";
        Server.Failure = FakeControlPlane.Rich(
            StatusCode.NotFound,
            "There is no organization \"acne\"; \"mesh orgs ls\" lists them.",
            "ORGANIZATION_NOT_FOUND"
        );

        var run = await Mesh.Run("workspaces", "ls");
        var named = await Mesh.Run("workspaces", "ls", "--org", "acne");

        Assert.Contains("organization \"acne\" comes from MESH_ORG", run.Stderr, StringComparison.Ordinal);
        Assert.Contains("tip: unset MESH_ORG, or set it to another", run.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("MESH_ORG", named.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_context_with_one_that_does_not_exist_warns_is_marked_and_says_how_to_fix_it()
    {
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));
        await LogIn(saved: null);

        var known = await Mesh.Run("contexts", "set", "--org", "acme");
        var set = await Mesh.Run("contexts", "set", "--org", "nope");
        var who = await Mesh.Run("whoami");
        var json = JsonNode.Parse((await Mesh.Run("whoami", "-o", "json")).Stdout)!;
        Server.Failure = FakeControlPlane.Rich(
            StatusCode.NotFound,
            "There is no organization \"nope\"; \"mesh orgs ls\" lists them.",
            "ORGANIZATION_NOT_FOUND"
        );
        var failed = await Mesh.Run("workspaces", "ls");
        Server.Failure = null;
        var mended = await Mesh.Run("contexts", "set", "prod", "--org", "");
        var after = await Mesh.Run("workspaces", "ls");

        Assert.DoesNotContain("warning", known.Stderr, StringComparison.Ordinal);
        Assert.Equal((0, 0), (set.ExitCode, who.ExitCode));
        Assert.Contains("warning: organization \"nope\" not found at", set.Stderr, StringComparison.Ordinal);
        Assert.Contains("nope, from context \"prod\"; not found", who.Stdout, StringComparison.Ordinal);
        Assert.True((bool)json["organizationMissing"]!);
        foreach (var said in new[] { who.Stderr, failed.Stderr })
            Assert.Contains(
                "tip: mesh contexts set prod --org ORGANIZATION, or --org '' for none\n",
                said,
                StringComparison.Ordinal
            );
        Assert.Equal((0, 0), (mended.ExitCode, after.ExitCode));
    }

    [Fact]
    public async Task A_context_is_given_one_where_nobody_can_be_asked()
    {
        await LogIn(saved: null);
        await Server.DisposeAsync();

        var set = await Mesh.Run("contexts", "set", "--org", "acme");

        Assert.Equal((0, "context/prod updated: its default organization is acme\n"), (set.ExitCode, set.Stderr));
    }

    private async Task LogIn(string? saved)
    {
        Mesh.Variables.Remove("MESH_ADDRESS");
        Mesh.Variables.Remove("MESH_TOKEN");
        var login = await Mesh.Piped(FakeControlPlane.ApiToken, "login", Server.Address, "--context", "prod");
        Assert.Equal((0, ""), (login.ExitCode, login.Stdout));
        if (saved is not null)
            Assert.Equal(0, (await Mesh.Run("contexts", "set", "--org", saved)).ExitCode);
        Server.Requests.Clear();
    }

    private static string Field(IMessage message, string name) =>
        (string)message.Descriptor.FindFieldByName(name).Accessor.GetValue(message);
}
