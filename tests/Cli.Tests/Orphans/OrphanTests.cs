using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Orphans;

public sealed class OrphanTests : CliTest
{
    private static readonly string One = Sample.Orphan(1).WorkspaceId;
    private static readonly string Two = Sample.Orphan(2).WorkspaceId;

    [Fact]
    public async Task Orphans_are_listed_as_their_objects_tell_them()
    {
        Server.Providers.All.Add(Sample.Broken());
        await Check("orphans-ls-none", "providers", "orphans", "ls", "eu-west-1");
        Server.Providers.Orphans.AddRange([Sample.Orphan(1), Sample.Orphan(2, name: "")]);

        await Check("orphans-ls", "providers", "orphans", "ls", "eu-west-1");
        await Check("orphans-ls-json", "providers", "orphans", "ls", "eu-west-1", "-o", "json");
        Server.Providers.Unlisted = 3;
        await Check("orphans-ls-more", "providers", "orphans", "ls", "eu-west-1");
        await Check("orphans-ls-not-found", "providers", "orphans", "ls", "nowhere");
    }

    [Fact]
    public async Task Show_says_how_many_orphans_there_are()
    {
        var provider = Sample.BuiltIn();
        provider.Orphans = 2;
        Server.Providers.All.Add(provider);

        await Check("providers-show-orphans", "providers", "show", "built-in");
    }

    [Fact]
    public async Task Adopt_asks_for_what_is_given_and_no_more()
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.Orphans.Add(Sample.Orphan(1));

        await Check("orphans-adopt", "providers", "orphans", "adopt", "eu-west-1", One);
        var plain = Assert.IsType<AdoptOrphanRequest>(Server.Providers.Changed);
        await Check(
            "orphans-adopt-json",
            [
                "providers",
                "orphans",
                "adopt",
                "eu-west-1",
                One,
                "--org",
                "acme",
                "--name",
                "web",
                "--cpu",
                "2",
                "-o",
                "json",
            ]
        );
        var told = Assert.IsType<AdoptOrphanRequest>(Server.Providers.Changed);

        Assert.Equal(("", "", new WorkspaceSpec()), (plain.Organization, plain.Name, plain.Spec));
        Assert.Equal(("acme", "web", new WorkspaceSpec { Cpu = "2" }), (told.Organization, told.Name, told.Spec));
    }

    [Fact]
    public async Task Adopt_of_what_is_none_says_where_it_may_be()
    {
        Server.Providers.All.Add(Sample.Broken());

        await Check("orphans-adopt-not-found", "providers", "orphans", "adopt", "eu-west-1", One);
    }

    [Fact]
    public async Task Rm_deletes_each_and_tells_which_it_could_not()
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.Orphans.Add(Sample.Orphan(1));

        await Check("orphans-rm", "providers", "orphans", "rm", "eu-west-1", One, Two, "--yes");
        Server.Providers.Orphans.Add(Sample.Orphan(1));
        await Check("orphans-rm-json", "providers", "orphans", "rm", "eu-west-1", One, Two, "--yes", "-o", "json");
    }

    [Fact]
    public async Task Rm_changes_nothing_where_nobody_can_be_asked()
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.Orphans.Add(Sample.Orphan(1));

        await Check("orphans-rm-unasked", "providers", "orphans", "rm", "eu-west-1", One);

        Assert.Empty(Server.Writes);
    }

    [Theory]
    [InlineData("y", 0)]
    [InlineData("n", 2)]
    public async Task Terminal_asks_before_it_deletes(string typed, int exitCode)
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.Orphans.Add(Sample.Orphan(1));

        var run = await PseudoTerminal.Answer(Mesh, typed, $"providers orphans rm eu-west-1 {One}");

        Assert.Contains("Delete? [y/N]", run.Stdout, StringComparison.Ordinal);
        Assert.Equal((exitCode, exitCode == 0 ? 1 : 0), (run.ExitCode, Server.Writes.Count));
    }
}
