using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Organizations;

public sealed class OrganizationTests : CliTest
{
    [Fact]
    public async Task List_and_show_tell_what_each_may_use()
    {
        var acme = Sample.Organization("acme", "built-in", "us-east-1");
        acme.UnfinishedWorkspaces = 12;
        Server.Organizations.PageSize = 1;
        Server.Organizations.All.AddRange([acme, Sample.Organization("default", "built-in")]);

        await Check("orgs-ls", "orgs", "ls");
        await Check("orgs-ls-provider", "orgs", "list", "--provider", "us-east-1", "-o", "json");
        await Check("orgs-ls-none", "orgs", "ls", "--provider", "eu-west-1");
        await Check("orgs-show", "orgs", "show", "acme");
        await Check("orgs-show-not-found", "orgs", "show", "umbrella");
    }

    [Fact]
    public async Task Create_tells_what_it_may_use_or_why_not()
    {
        await Check("orgs-create", "orgs", "create", "acme");
        await Check("orgs-create-exists", "orgs", "create", "acme");
    }

    [Fact]
    public async Task Allow_and_disallow_tell_what_it_may_use_then()
    {
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));

        await Check("orgs-allow", "orgs", "allow", "acme", "us-east-1");
        await Check("orgs-disallow", "orgs", "disallow", "acme", "built-in");
        await Check("orgs-disallow-last", "orgs", "disallow", "acme", "us-east-1");
        await Check("orgs-allow-not-found", "orgs", "allow", "umbrella", "us-east-1");
        await Check("orgs-allow-nothing", "orgs", "allow", "acme");
    }

    [Fact]
    public async Task Rm_of_several_goes_on_after_a_failure_and_tells_each_outcome()
    {
        var used = Sample.Organization("acme", "built-in");
        used.UnfinishedWorkspaces = 2;
        Server.Organizations.All.AddRange([used, Sample.Organization("umbrella", "built-in")]);

        await Check("orgs-rm", "orgs", "rm", "acme", "umbrella", "--yes");

        Assert.Equal(["acme"], Server.Organizations.All.Select(o => o.Name));
    }
}
