using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Cli.Tests.Listing;

/// <summary>How lists are written: names alone, without headers, in another order.</summary>
public sealed class ListOutputTests : CliTest
{
    [Theory]
    [InlineData("providers ls -o name", "built-in\neu-west-1\n")]
    [InlineData("providers ls -o id --status error", "0198c1de-0000-7000-8000-000000000002\n")]
    [InlineData("providers ls -o name --sort-by workspaces", "built-in\neu-west-1\n")]
    [InlineData("providers ls -o name --sort-by status", "eu-west-1\nbuilt-in\n")]
    [InlineData("workspaces ls -o name", "web\napi\n")]
    [InlineData("workspaces ls -o name --sort-by name", "api\nweb\n")]
    [InlineData("workspaces ls -o id --state failed,stopped", "0198c1df-0000-7000-8000-000000000api\n")]
    [InlineData("orgs ls -o name --sort-by providers", "many\nfew\n")]
    [InlineData("orgs ls -o NAME --sort-by PROVIDERS", "many\nfew\n")]
    [InlineData("workspaces ls -o id --state Failed,STOPPED", "0198c1df-0000-7000-8000-000000000api\n")]
    [InlineData("providers ls -o name --status Error --sort-by AGE", "eu-west-1\n")]
    [InlineData("tokens ls -o id", $"{FakeTokens.Own}\n{FakeTokens.Other}\n")]
    [InlineData("providers orphans ls eu-west-1 -o id", "0198c1e1000070008000000000000001\n")]
    public async Task Names_and_ids_are_a_line_each_in_the_order_asked_for(string line, string expected)
    {
        Fill();

        var run = await Mesh.Run(line.Split(' '));

        Assert.Equal((0, expected, ""), (run.ExitCode, run.Stdout, run.Stderr));
    }

    [Fact]
    public void Every_list_prints_names_or_ids_alone()
    {
        var lists = Below(Tree.Make()).OfType<MeshCommand>().Where(c => c.Name == "ls").ToList();

        Assert.Equal(6, lists.Count);
        Assert.All(lists, list => Assert.NotEmpty(list.Alone));
    }

    [Theory]
    [InlineData("tokens ls -o name", "-o id prints ids")]
    [InlineData("contexts ls -o id", "-o name prints names")]
    public async Task A_list_that_has_no_names_or_ids_says_what_it_has(string line, string tip) =>
        Assert.Contains(tip, (await Mesh.Run(line.Split(' '))).Stderr, StringComparison.Ordinal);

    [Theory]
    [InlineData("providers ls --all", "ID")]
    [InlineData("providers ls", "AGE")]
    public async Task A_list_with_deleted_providers_shows_the_ids_by_which_they_are_found(string line, string last)
    {
        Fill();

        var run = await Mesh.Run(line.Split(' '));

        Assert.EndsWith(last, Rows(run.Stdout).First(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("providers ls")]
    [InlineData("workspaces ls")]
    [InlineData("orgs ls")]
    [InlineData("providers history built-in")]
    [InlineData("providers orphans ls built-in")]
    [InlineData("workspaces timeline web")]
    public async Task Tables_without_headers_are_the_same_rows(string line)
    {
        Fill();

        var with = await Mesh.Run(line.Split(' '));
        var without = await Mesh.Run([.. line.Split(' '), "--no-headers"]);

        Assert.Equal(Rows(with.Stdout).Skip(1), Rows(without.Stdout));
        Assert.NotEmpty(Rows(without.Stdout));
    }

    [Theory]
    [InlineData("workspaces rm web --yes -o name")]
    [InlineData("providers show built-in -o id")]
    [InlineData("providers rotate-token built-in -o name")]
    [InlineData("providers ls --watch -o name")]
    [InlineData("tokens ls -o name")]
    [InlineData("providers orphans ls built-in -o name")]
    [InlineData("contexts ls -o id")]
    public async Task Names_alone_are_refused_before_anything_is_asked_for(string line)
    {
        Fill();

        var run = await Mesh.Run(line.Split(' '));

        Assert.Equal((2, "", 0), (run.ExitCode, run.Stdout, Server.Requests.Count));
        Assert.Contains("-o", run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void Ages_are_whole_seconds()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddDays(20_000));
        var since = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(time.GetUtcNow());

        time.Advance(TimeSpan.FromMilliseconds(350));
        Assert.Equal("0s", Text.Age(since, time));
        time.Advance(TimeSpan.FromMilliseconds(1_600));
        Assert.Equal("1s", Text.Age(since, time));
    }

    [Fact]
    public async Task A_state_that_is_none_is_refused_by_its_word()
    {
        var run = await Mesh.Run("workspaces", "ls", "--state", "running,sleeping");

        Assert.Equal((2, 0), (run.ExitCode, Server.Requests.Count));
        Assert.Contains("--state sleeping: must be one of pending,", run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_provider_is_listed_as_such()
    {
        var gone = Sample.Broken();
        gone.DeleteTime = Sample.Ago(TimeSpan.FromMinutes(4.5));
        Server.Providers.All.AddRange([Sample.BuiltIn(), gone]);

        var usual = await Mesh.Run("providers", "ls", "-o", "name");
        var all = await Mesh.Run("providers", "ls", "--all", "--no-headers");

        Assert.Equal("built-in\n", usual.Stdout);
        Assert.Matches(@"(?m)^eu-west-1 +deleted ", all.Stdout);
    }

    private void Fill()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken()]);
        Server.Providers.History.Add(Sample.Entry(1, "admin", "provider.cordoned", "cordoned"));
        Server.Providers.Orphans.Add(Sample.Orphan(1));
        // The one with the lower id is the older one.
        var (web, api) = (
            Sample.Workspace("web", WorkspaceState.Running),
            Sample.Workspace("api", WorkspaceState.Failed)
        );
        (web.Id, api.Id) = ("0198c1df-0000-7000-8000-0000000000aa", "0198c1df-0000-7000-8000-000000000api");
        Server.Workspaces.All.AddRange([web, api]);
        Server.Workspaces.Timeline = [Sample.Happening(1, 1, TimelineStage.Created)];
        var (few, many) = (
            Sample.Organization("few", "built-in"),
            Sample.Organization("many", "built-in", "eu-west-1")
        );
        (few.ProviderCount, many.ProviderCount) = (1, 2);
        Server.Organizations.All.AddRange([few, many]);
    }

    private static IEnumerable<System.CommandLine.Command> Below(System.CommandLine.Command command) =>
        command.Subcommands.SelectMany(c => Below(c).Prepend(c));

    // Ages may pass from one second to the next between two runs.
    private static IEnumerable<string> Rows(string table) =>
        table
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(row => System.Text.RegularExpressions.Regex.Replace(row, " +", " "));
}
