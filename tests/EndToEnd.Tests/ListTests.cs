using System.Text.Json.Nodes;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>What lists say, from the command line to the store and back.</summary>
public sealed class ListTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_filter_that_is_absent_hides_nothing_and_each_of_its_values_chooses()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        await mesh.Cli(Ct, "providers", "create", "west", "--token-out", mesh.FileOf("west.token"));
        await mesh.Cli(Ct, "providers", "cordon", "west", "--reason", "new disks");
        await mesh.Cli(Ct, "workspaces", "create", "one", "--wait");
        await mesh.Cli(Ct, "workspaces", "create", "two", "--wait");
        await mesh.Cli(Ct, "workspaces", "stop", "two", "--wait");

        Assert.Equal(["built-in", "west"], await Names("providers"));
        Assert.Equal(["west"], await Names("providers", "--cordoned"));
        Assert.Equal(["west"], await Names("providers", "--cordoned=true"));
        Assert.Equal(["built-in"], await Names("providers", "--cordoned=false"));
        Assert.Equal(["west"], await Names("providers", "--status", "pending"));
        Assert.Equal(["built-in", "west"], await Names("providers", "--status", "pending,ready"));
        Assert.Equal(["one", "two"], await Names("workspaces"));
        Assert.Equal(["two"], await Names("workspaces", "--state", "stopped"));
        Assert.Equal(["one", "two"], await Names("workspaces", "--state", "stopped", "--state", "running"));

        async Task<string[]> Names(string noun, params string[] filter) =>
            (await mesh.Cli(Ct, [noun, "ls", "-o", "name", .. filter])).Split(
                '\n',
                StringSplitOptions.RemoveEmptyEntries
            );
    }

    [Theory]
    [InlineData("providers", "built-in", "west")]
    [InlineData("orgs", "default", "science")]
    [InlineData("workspaces", "one", "two")]
    public async Task A_list_as_JSON_says_of_each_what_show_says(string noun, string first, string second)
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        await mesh.Cli(Ct, "providers", "create", "west", "--token-out", mesh.FileOf("west.token"));
        await mesh.Cli(Ct, "workspaces", "create", "one", "--wait");
        await mesh.Cli(Ct, "workspaces", "create", "two", "--wait");
        await mesh.Cli(Ct, "orgs", "create", "science");
        await mesh.Cli(Ct, "orgs", "allow", "science", "west");

        foreach (var (place, name) in new[] { first, second }.Index())
        {
            var (listed, shown) = (await Listed(place), await Shown(name));
            // Changed between the two looks, as by a first heartbeat.
            while (listed["resourceVersion"]?.ToString() != shown["resourceVersion"]?.ToString())
                (listed, shown) = (await Listed(place), await Shown(name));

            Assert.Equal(shown.ToJsonString(), listed.ToJsonString());
        }

        async Task<JsonNode> Listed(int place) =>
            JsonNode.Parse(await mesh.Cli(Ct, [noun, "ls", "-o", "json", .. Organization()]))![place]!;

        async Task<JsonNode> Shown(string name) =>
            JsonNode.Parse(await mesh.Cli(Ct, [noun, "show", name, "-o", "json", .. Organization()]))!;

        string[] Organization() => noun == "workspaces" ? ["--org", "default"] : [];
    }
}
