using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class InventoryTests
{
    [Fact]
    public void What_somebody_has_edited_beyond_measure_is_left_out_but_for_its_generation()
    {
        var held = Inventory.Describe(new(Deployment(new string('x', 20_000), generation: "7"), null, []));

        Assert.Equal(new HeldWorkspace { Generation = 7 }, held);
    }

    [Fact]
    public void The_highest_generation_of_all_objects_counts()
    {
        var claim = new ClaimObject(new ObjectMeta("ws-w", Annotations: new ObjectAnnotations("9", "dev")));

        var held = Inventory.Describe(new(Deployment("image", generation: "7"), claim, []));

        Assert.Equal((9ul, "dev", "image"), (held.Generation, held.Name, held.Spec.Image));
    }

    [Fact]
    public void The_default_command_is_told_as_none()
    {
        Assert.Empty(Inventory.Describe(new(Deployment("i", "1", Manifests.DefaultCommand), null, [])).Spec.Command);
        Assert.Equal(["serve"], Inventory.Describe(new(Deployment("i", "1", ["serve"]), null, [])).Spec.Command);
    }

    [Fact]
    public void Variables_that_the_agent_sets_are_not_told_and_a_home_of_the_users_own_is()
    {
        Assert.Empty(Inventory.Describe(new(WithHome("/home/coder"), null, [])).Spec.Env);
        Assert.Equal("/srv", Inventory.Describe(new(WithHome("/srv"), null, [])).Spec.Env["HOME"]);

        static DeploymentObject WithHome(string home)
        {
            var container = new DeploymentObject.Container(
                Names.Container,
                Env: [new("HOME", home), new("CODER_WP_NAME", "dev")]
            );
            var template = new DeploymentObject.PodTemplate(new DeploymentObject.PodSpec([container]));
            return new(new ObjectMeta("ws-w"), new DeploymentObject.DeploymentSpec(1, template));
        }
    }

    [Fact]
    public void A_container_of_somebody_else_is_not_the_workspaces()
    {
        var held = Inventory.Describe(new(Deployment("sidecar:1", "1", container: "sidecar"), null, []));

        Assert.Equal("", held.Spec.Image);
    }

    [Fact]
    public void The_restart_that_the_pod_was_made_with_is_told()
    {
        var plain = Deployment("i", "7");
        var restarted = plain with
        {
            Spec = plain.Spec! with
            {
                Template = plain.Spec.Template! with { Metadata = new(new ObjectAnnotations(Restart: "5")) },
            },
        };

        Assert.Equal(0ul, Inventory.Describe(new(plain, null, [])).RestartGeneration);
        Assert.Equal(5ul, Inventory.Describe(new(restarted, null, [])).RestartGeneration);
    }

    private static DeploymentObject Deployment(
        string image,
        string generation,
        IReadOnlyList<string>? command = null,
        string container = Names.Container
    ) =>
        new(
            new ObjectMeta("ws-w", Annotations: new ObjectAnnotations(generation)),
            new DeploymentObject.DeploymentSpec(
                1,
                new DeploymentObject.PodTemplate(
                    new DeploymentObject.PodSpec([new DeploymentObject.Container(container, image, command)])
                )
            )
        );
}
