using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Watching;

public sealed class WatchOrganizationsTests : WatchTest
{
    [Fact]
    public async Task Each_change_is_a_line()
    {
        Server.Organizations.All.AddRange([
            Sample.Organization("umbrella", "us-east-1"),
            Sample.Organization("acme", "built-in", "us-east-1"),
        ]);
        Report(ChangeType.Changed, "acme", 1, "built-in", "us-east-1", "eu-west-1");
        Report(ChangeType.Removed, "umbrella", 1);

        string[] arguments = ["orgs", "ls", "--watch", "--provider", "us-east-1"];
        var run = await Watch("REMOVED", arguments);

        Expected.Match("watch-organizations", Expected.Full(arguments, run));
        var request = Assert.IsType<WatchOrganizationsRequest>(
            await Server.Organizations.Changes.Watchers.Reader.ReadAsync(Ct)
        );
        Assert.Equal(("us-east-1", "listed"), (request.Provider, request.ResumeToken));
    }

    [Fact]
    public async Task A_changed_number_of_workspaces_is_reported()
    {
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));
        var busy = Sample.Organization("acme", "built-in");
        busy.UnfinishedWorkspaces = 7;
        Server.Organizations.Changes.Tell(
            new WatchOrganizationsResponse { Type = ChangeType.Changed, Organization = busy }
        );

        var run = await Watch("\"unfinishedWorkspaces\":7", "orgs", "ls", "--watch", "-o", "json");

        var lines = run
            .Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal([0, 7], lines.Select(l => (int?)l["organization"]!["unfinishedWorkspaces"]));
        Assert.All(lines, l => Assert.Equal("CHANGED", (string?)l["change"]));
    }

    private void Report(ChangeType type, string name, ulong version, params string[] providers)
    {
        var organization = Sample.Organization(name, providers);
        organization.ResourceVersion = version;
        Server.Organizations.Changes.Tell(new WatchOrganizationsResponse { Type = type, Organization = organization });
    }
}
