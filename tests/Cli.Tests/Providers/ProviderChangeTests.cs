using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Cli.Tests.Providers;

public sealed class ProviderChangeTests : CliTest
{
    [Fact]
    public async Task Update_changes_only_what_is_given_and_an_empty_value_clears()
    {
        Server.Providers.All.Add(Sample.Broken());

        await Check(
            "providers-update",
            ["providers", "update", "eu-west-1", "--storage-class", "", "--max-workspaces", "200"]
        );

        Assert.Equal(
            new UpdateProviderRequest
            {
                Provider = "eu-west-1",
                Details = new ProviderDetails { MaxWorkspaces = 200 },
                UpdateMask = new FieldMask { Paths = { "details.storage_class", "details.max_workspaces" } },
            },
            Server.Providers.Changed
        );
    }

    [Theory]
    [InlineData("--max-workspaces=5", "applies to new workspaces: --max-workspaces")]
    [InlineData("--region=eu", "applies to new workspaces: --region")]
    [InlineData("--storage-class=", "applies to new workspaces: --storage-class")]
    [InlineData("--toleration=t", "applies to its workspaces at their next start or restart: --toleration")]
    [InlineData("--node-selector=a=1", "applies to its workspaces at their next start or restart: --node-selector")]
    [InlineData("--affinity=none", "applies to its workspaces at their next start or restart: --affinity")]
    [InlineData(
        "--image-pull-secret=s",
        "applies to its workspaces at their next start or restart: --image-pull-secret"
    )]
    [InlineData("--hostname=h", null)]
    [InlineData("--cluster-address=https://c", null)]
    public async Task Update_says_when_a_detail_takes_effect_and_nothing_of_what_is_only_told(
        string option,
        string? effect
    )
    {
        Server.Providers.All.Add(Sample.Broken());

        var run = await Mesh.Run("providers", "update", "eu-west-1", option);

        Assert.Equal($"provider/eu-west-1 updated\n{(effect is null ? "" : $"  | {effect}\n")}", run.Stderr);
    }

    [Fact]
    public async Task Update_knows_every_detail()
    {
        Server.Providers.All.Add(Sample.Broken());
        string[] where = ["--region", "r", "--hostname", "h", "--cluster-address", "https://c"];
        string[] nodes = ["--toleration", "t", "--node-selector", "n=1", "--affinity", "none"];

        var run = await Mesh.Run([
            "providers",
            "update",
            "eu-west-1",
            .. where,
            .. nodes,
            "--service-account-annotation",
            "a=1",
            "--image-pull-secret",
            "regcred",
            "--storage-class",
            "s",
            "--max-workspaces",
            "",
            "-o",
            "json",
        ]);

        Assert.Equal(0, run.ExitCode);
        var request = Assert.IsType<UpdateProviderRequest>(Server.Providers.Changed);
        Assert.Equal(
            new ProviderDetails
            {
                Region = "r",
                Hostname = "h",
                ClusterAddress = "https://c",
                StorageClass = "s",
                Tolerations =
                {
                    new Toleration { Key = "t", Operator = "Exists" },
                },
                NodeSelector = { ["n"] = "1" },
                Affinity = "{}",
                ServiceAccountAnnotations = { ["a"] = "1" },
                ImagePullSecrets = { "regcred" },
            },
            request.Details
        );
        Assert.Equal(
            ProviderDetails.Descriptor.Fields.InDeclarationOrder().Select(f => $"details.{f.Name}").Order(),
            request.UpdateMask.Paths.Order()
        );
        Assert.Contains("\"storageClass\": \"s\"", run.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_of_nothing_or_to_nonsense_is_a_usage_error()
    {
        await Check("providers-update-nothing", "providers", "update", "eu-west-1");
        await Check("providers-update-nonsense", "providers", "update", "eu-west-1", "--max-workspaces", "-1");

        Assert.Empty(Server.Writes);
    }

    [Fact]
    public async Task Rename_tells_both_names_or_why_not()
    {
        Server.Providers.All.AddRange([Sample.Broken(), Sample.Pending("us-east-1")]);

        await Check("providers-rename", "providers", "rename", "eu-west-1", "eu-west-2");
        await Check("providers-rename-exists", "providers", "rename", "eu-west-2", "us-east-1");
        await Check("providers-rename-nothing", "providers", "rename", "eu-west-2");
    }

    [Fact]
    public async Task Cordon_tells_what_goes_on_and_warns_of_the_default()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken()]);

        await Check("providers-cordon", "providers", "cordon", "eu-west-1", "--reason", "moves");
        await Check("providers-cordon-default", "providers", "cordon", "built-in", "--reason", "full");
        await Check("providers-cordon-no-reason", "providers", "cordon", "built-in");

        Assert.Equal(["full", "moves"], Server.Providers.All.Select(p => p.Cordon.Reason));
    }

    [Fact]
    public async Task Uncordon_says_when_it_is_not_ready_all_the_same()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved()]);

        await Check("providers-uncordon", "providers", "uncordon", "built-in");
        await Check("providers-uncordon-error", "providers", "uncordon", "eu-west-1");
        await Check("providers-uncordon-not-found", "providers", "uncordon", "nowhere");
    }

    [Fact]
    public async Task Set_default_is_refused_where_it_is_cordoned()
    {
        Server.Providers.All.AddRange([Sample.Moved(), Sample.Pending("us-east-1")]);

        await Check("providers-set-default", "providers", "set-default", "us-east-1");
        await Check("providers-set-default-cordoned", "providers", "set-default", "eu-west-1");
    }

    [Fact]
    public async Task Accept_cluster_shows_old_and_new_and_sends_the_one_that_it_showed()
    {
        Server.Providers.All.Add(Sample.Moved());

        await Check("providers-accept-cluster", "providers", "accept-cluster", "eu-west-1", "--yes");

        var request = Assert.IsType<AcceptClusterRequest>(Server.Providers.Changed);
        Assert.Equal("5f0f0b0e-0000-4000-8000-000000000003", request.NamespaceUid);
    }

    [Fact]
    public async Task Accept_cluster_changes_nothing_where_nobody_can_be_asked_or_nothing_was_offered()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved()]);

        await Check("providers-accept-cluster-unasked", "providers", "accept-cluster", "eu-west-1");
        await Check("providers-accept-cluster-none", "providers", "accept-cluster", "built-in", "--yes");

        Assert.Empty(Server.Writes);
    }

    [Fact]
    public async Task Filters_of_the_list_are_passed_on()
    {
        string[] filters = ["--org", "acme", "--region", "r", "--status", "error", "--cordoned=false"];

        await Check("providers-ls-none-match", ["providers", "ls", .. filters]);
        Assert.Equal(
            new ListProvidersRequest
            {
                Organization = "acme",
                Region = "r",
                Status = ProviderStatus.Error,
                Cordoned = false,
                PageSize = 200,
            },
            Server.Providers.Listed
        );

        await Mesh.Run("providers", "ls", "--cordoned");
        Assert.Equal(new ListProvidersRequest { Cordoned = true, PageSize = 200 }, Server.Providers.Listed);

        await Check("usage-status", "providers", "ls", "--status", "gone");
    }

    [Fact]
    public async Task Show_tells_cordon_tokens_maximum_organizations_and_who_was_refused()
    {
        Server.Providers.All.Add(Sample.Moved());

        await Check("providers-show-moved", "providers", "show", "eu-west-1");
        await Check("providers-ls-moved", "providers", "ls");
    }
}
