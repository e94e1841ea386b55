using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Cli.Tests.Providers;

/// <summary>What a provider's details say of workspaces, and whose workspaces are.</summary>
public sealed class DetailTests : CliTest
{
    private const string Affinity = """{ "nodeAffinity": {} }""";

    [Fact]
    public async Task Details_are_written_as_kubectl_writes_them()
    {
        var file = Path.Combine(Mesh.Home, "affinity.json");
        await File.WriteAllTextAsync(file, Affinity, TestContext.Current.CancellationToken);
        string[] tolerations = ["gpu=true:NoSchedule", "spot:NoExecute", "a=", "*"];

        var run = await Mesh.Run([
            "providers",
            "create",
            "us-east-1",
            .. tolerations.SelectMany(t => new[] { "--toleration", t }),
            "--node-selector",
            "pool=a=b",
            "--affinity",
            file,
            "--service-account-annotation",
            "role={{ .UserEmail }}",
            "--image-pull-secret",
            "regcred",
            "--image-pull-secret",
            "eu.registry",
        ]);

        Assert.Equal("", run.Stderr.Contains("error", StringComparison.Ordinal) ? run.Stderr : "");
        var details = Assert.Single(Server.Providers.All).Details;
        Assert.Equal(
            new ProviderDetails
            {
                Tolerations =
                {
                    Taint("gpu", "Equal", "true", "NoSchedule"),
                    Taint("spot", "Exists", "", "NoExecute"),
                    Taint("a", "Equal", "", ""),
                    Taint("", "Exists", "", ""),
                },
                NodeSelector = { ["pool"] = "a=b" },
                Affinity = Affinity,
                ServiceAccountAnnotations = { ["role"] = "{{ .UserEmail }}" },
                ImagePullSecrets = { "regcred", "eu.registry" },
            },
            details
        );
    }

    [Theory]
    [InlineData("none", "{}")]
    [InlineData("default", null)]
    [InlineData("", null)]
    public async Task No_affinity_is_another_thing_than_the_default(string given, string? sent)
    {
        Server.Providers.All.Add(Sample.Broken());

        await Mesh.Run(["providers", "update", "eu-west-1", "--affinity", given, "--toleration", ""]);

        var request = Assert.IsType<UpdateProviderRequest>(Server.Providers.Changed);
        Assert.Equal(
            (sent, new FieldMask { Paths = { "details.tolerations", "details.affinity" } }),
            (request.Details.HasAffinity ? request.Details.Affinity : null, request.UpdateMask)
        );
        Assert.Empty(request.Details.Tolerations);
    }

    [Fact]
    public async Task What_can_not_be_meant_is_told_before_anything_is_asked()
    {
        await Check("usage-affinity", "providers", "create", "us-east-1", "--affinity", "missing.json");
        await Check("usage-node-selector", "providers", "update", "us-east-1", "--node-selector", "pool");

        Assert.Empty(Server.Writes);
    }

    [Fact]
    public async Task Show_tells_details_of_providers_and_of_workspaces()
    {
        var provider = Sample.Broken();
        provider.Details.Tolerations.AddRange([
            Taint("gpu", "", "true", "NoSchedule"),
            new Toleration
            {
                Operator = "Exists",
                Effect = "NoExecute",
                TolerationSeconds = 60,
            },
        ]);
        provider.Details.NodeSelector.Add(new Dictionary<string, string> { ["pool"] = "dev", ["disk"] = "ssd" });
        provider.Details.Affinity = "{}";
        provider.Details.ServiceAccountAnnotations["role"] = "{{ .UserEmail }}";
        provider.Details.ImagePullSecrets.AddRange(["regcred", "eu.registry"]);
        var workspace = Sample.Workspace("dev", WorkspaceState.Stopped);
        workspace.OwnerEmail = "jo@example.com";
        workspace.Details = new WorkspaceDetails
        {
            Affinity = Affinity,
            ServiceAccountAnnotations = { ["role"] = "jo@example.com" },
            ImagePullSecrets = { "regcred" },
        };
        Server.Providers.All.Add(provider);
        Server.Workspaces.All.Add(workspace);

        await Check("providers-show-details", "providers", "show", "eu-west-1");
        await Check("workspaces-show-details", "workspaces", "show", "dev");
    }

    [Fact]
    public async Task An_owner_is_named_at_creation_and_adoption_and_the_address_also_later()
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.Orphans.Add(Sample.Orphan(1));
        var id = Sample.Orphan(1).WorkspaceId;
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Running));
        string[] owner = ["--owner", "ann", "--owner-email", "ann@example.com"];

        await Mesh.Run(["workspaces", "create", "web", .. owner]);
        await Mesh.Run(["providers", "orphans", "adopt", "eu-west-1", id, .. owner]);
        await Mesh.Run([
            "workspaces",
            "update",
            "dev",
            "--owner-email",
            "jo@example.com",
            "--command",
            "sh",
            "-c",
            "x",
        ]);
        await Mesh.Run(["workspaces", "update", "dev", "--command", ""]);

        Assert.True(Server.Workspaces.Created.TryDequeue(out var created));
        Assert.Equal(("ann", "ann@example.com"), (created.Owner, created.OwnerEmail));
        var adopted = Assert.IsType<AdoptOrphanRequest>(Server.Providers.Changed);
        Assert.Equal(("ann", "ann@example.com"), (adopted.Owner, adopted.OwnerEmail));
        Assert.True(Server.Workspaces.Updated.TryDequeue(out var updated));
        Assert.Equal(
            new UpdateWorkspaceRequest
            {
                Workspace = "dev",
                OwnerEmail = "jo@example.com",
                Spec = new WorkspaceSpec { Command = { "sh", "-c", "x" } },
                UpdateMask = new FieldMask { Paths = { "owner_email", "spec.command" } },
            },
            updated
        );
        Assert.True(Server.Workspaces.Updated.TryDequeue(out var cleared));
        Assert.Equal((new WorkspaceSpec(), "spec.command"), (cleared.Spec, cleared.UpdateMask.Paths.Single()));
    }

    [Fact]
    public async Task Every_detail_has_an_option_and_its_text_is_shown()
    {
        var provider = Sample.Broken();
        provider.Details = new ProviderDetails();
        Server.Providers.All.Add(provider);
        var details = ProviderDetails.Descriptor.Fields.InFieldNumberOrder();
        var update = (MeshCommand)Tree.Commands().Single(c => c.Path == "providers update").Command;

        await Mesh.Run(["providers", "update", "eu-west-1", .. update.Clearable.SelectMany(o => new[] { o.Name, "" })]);

        var request = Assert.IsType<UpdateProviderRequest>(Server.Providers.Changed);
        Assert.Equal(details.Select(d => $"details.{d.Name}").Order(), request.UpdateMask.Paths.Order());
        var texts = details.Where(d => d.FieldType == FieldType.String && !d.IsRepeated).ToList();
        foreach (var detail in texts)
            detail.Accessor.SetValue(provider.Details, $"my-{detail.Name}");
        var shown = await Mesh.Run("providers", "show", "eu-west-1");
        Assert.All(texts, d => Assert.Contains($"my-{d.Name}", shown.Stdout, StringComparison.Ordinal));
    }

    private static Toleration Taint(string key, string op, string value, string effect) =>
        new()
        {
            Key = key,
            Operator = op,
            Value = value,
            Effect = effect,
        };
}
