using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Documents;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>
/// The remedies of docs/errors.md, run as they stand there: what was refused is accepted afterwards. Those of
/// docs/status-codes.md are WorkspaceRemedyTests'.
/// </summary>
public sealed class RemedyTests
{
    private const int Refused = 5;

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<Mention>> Page = Mentions.Remedies("errors.md");

    // Their remedies show something, or are told by status-codes.md.
    private static readonly string[] OnlyParsed =
    [
        "ORGANIZATION_USES_PROVIDER",
        "ORGANIZATION_AMBIGUOUS",
        "ORPHAN_NOT_FOUND",
        "PROVIDER_NO_CLUSTER",
        "PROVIDER_TOKEN_IN_USE",
        "PROVIDER_TOKEN_NOT_FOUND",
        "TOKEN_NOT_FOUND",
        "WORKSPACE_DELETING",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_refused_is_accepted_after_its_remedy()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        await Prepare(mesh);
        var tried = new List<string>();

        foreach (var scene in Scenes())
        {
            foreach (var command in scene.Before)
                await mesh.Cli(Ct, Words(command));
            var refused = await mesh.CliRefused(scene.Exit, Ct, Words(scene.Asked));
            Assert.Contains(scene.Reason, refused, StringComparison.Ordinal);
            foreach (var remedy in scene.Remedies.Select(i => Page[scene.Reason][i]))
                await mesh.Cli(
                    Ct,
                    [.. remedy.Words.Select(w => scene.Values.GetValueOrDefault(w, w)), .. Unasked(scene, remedy)]
                );
            if (scene.Again)
                await Accepted(mesh, Words(scene.Asked));
            foreach (var command in scene.After)
                await mesh.Cli(Ct, Words(command));
            tried.Add(scene.Reason);
        }

        Assert.Equal(
            Page.Where(row => row.Value.Count > 0)
                .Select(row => row.Key)
                .Except(OnlyParsed)
                .Order(StringComparer.Ordinal),
            tried.Distinct().Order(StringComparer.Ordinal)
        );

        // A removal that somebody asked for takes the moment that the agent needs.
        static Task Accepted(TestMesh mesh, string[] words) =>
            Eventually.Is(() => mesh.TryCli(Ct, words), code => code == 0, string.Join(' ', words), Ct);

        static string[] Unasked(Scene scene, Mention remedy) =>
            remedy.Words switch
            {
                ["workspaces", "rm", ..] => ["--yes"],
                ["providers", "forget", ..] => ["--confirm", scene.Values["NAME"]],
                _ => [],
            };
    }

    private static async Task Prepare(TestMesh mesh)
    {
        var token = mesh.FileOf("west.token");
        await mesh.Cli(Ct, "providers", "create", "west", "--token-out", token);
        await mesh.StartAgentOf("west", token).Line("Attached to", Ct);
        await Eventually.Is(() => mesh.ProviderNamed("west", Ct), TestMesh.IsReady, "west is Ready", Ct);
        await mesh.Cli(Ct, "providers", "create", "spare", "--token-out", mesh.FileOf("spare.token"));
    }

    private static IEnumerable<Scene> Scenes() =>
        [
            new("PROVIDER_NOT_FOUND", "providers show nowhere", Exit: 4, Again: false),
            new("ORGANIZATION_NOT_FOUND", "orgs show nowhere", Exit: 4, Again: false),
            new("WORKSPACE_NOT_FOUND", "workspaces show nowhere", Exit: 4, Again: false),
            new("PROVIDER_BUILT_IN", "providers rm built-in --yes", Again: false)
            {
                Values = { ["NAME"] = "built-in" },
                After = ["providers uncordon built-in"],
            },
            new("PROVIDER_IS_DEFAULT", "providers rm old --yes")
            {
                Before = ["providers create old -o json", "providers set-default old"],
                Values = { ["NAME"] = "built-in" },
            },
            new("PROVIDER_CORDONED", "providers set-default spare")
            {
                Before = ["providers cordon spare --reason moving"],
                Values = { ["NAME"] = "spare" },
                After = ["providers set-default built-in"],
            },
            new("PROVIDER_LAST_OF_ORGANIZATION", "providers rm last --yes")
            {
                Before =
                [
                    "providers create last -o json",
                    "orgs create sole",
                    "orgs allow sole last",
                    "orgs disallow sole built-in",
                ],
                Values = { ["ORGANIZATION"] = "sole", ["PROVIDER"] = "built-in" },
            },
            new("ORGANIZATION_IN_USE", "orgs rm lab --yes")
            {
                Before = ["orgs create lab", "workspaces create lab-1 --org lab"],
                Values = { ["NAME"] = "lab", ["WORKSPACE"] = "lab-1" },
            },
            new("OWNER_EMAIL_UNKNOWN", "workspaces restart mailed")
            {
                Before =
                [
                    "workspaces create mailed --org default",
                    "providers update built-in --service-account-annotation who={{.UserEmail}}",
                ],
                Values = { ["NAME"] = "mailed", ["ADDRESS"] = "jo@example.com" },
                After = ["providers update built-in --service-account-annotation ''"],
            },
            new("WORKSPACE_NOT_STUCK", "workspaces rm mailed --abandon --reason impatience --yes", Again: false)
            {
                Values = { ["NAME"] = "mailed" },
            },
            .. Placements(),
            new("PROVIDER_IN_USE", "providers rm west --yes")
            {
                // The row's other way is PROVIDER_NOT_LOST's.
                Remedies = [0, 1],
                Values = { ["NAME"] = "west", ["WORKSPACE"] = "placed" },
            },
            new("PROVIDER_NOT_LOST", "providers forget spare --reason fire --confirm spare", Again: false)
            {
                Values = { ["NAME"] = "spare", ["TEXT"] = "fire" },
            },
        ];

    /// <summary>Each cause has a remedy of its own in the one row.</summary>
    private static IEnumerable<Scene> Placements()
    {
        var (allow, uncordon, enlarge) = (1, 2, 3);
        var values = new Dictionary<string, string>
        {
            ["NAME"] = "west",
            ["ORGANIZATION"] = "default",
            ["PROVIDER"] = "west",
            ["N"] = "2",
        };
        const string Create = "workspaces create placed --org default --provider west";
        yield return new("PLACEMENT_REFUSED", Create) { Remedies = [allow], Values = values };
        yield return new("PLACEMENT_REFUSED", "workspaces create second --org default --provider west")
        {
            Before = ["providers update west --max-workspaces 1"],
            Remedies = [enlarge],
            Values = values,
            After = ["workspaces rm second --yes --wait"],
        };
        yield return new("PLACEMENT_REFUSED", "workspaces create third --org default --provider west")
        {
            Before = ["providers cordon west --reason disks"],
            Remedies = [uncordon],
            Values = values,
            After = ["workspaces rm third --yes --wait"],
        };
    }

    private static string[] Words(string command) =>
        [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word == "''" ? "" : word)];

    /// <summary>How a refusal comes about.</summary>
    /// <param name="Asked">What is refused.</param>
    /// <param name="Again">It is accepted after the remedy.</param>
    private sealed record Scene(string Reason, string Asked, int Exit = Refused, bool Again = true)
    {
        public string[] Before { get; init; } = [];

        /// <summary>Which of the row's commands; all of them by default.</summary>
        public int[] Remedies { get; init; } = [.. Enumerable.Range(0, Page[Reason].Count)];

        /// <summary>What stands for the row's placeholders.</summary>
        public Dictionary<string, string> Values { get; init; } = [];

        public string[] After { get; init; } = [];
    }
}
