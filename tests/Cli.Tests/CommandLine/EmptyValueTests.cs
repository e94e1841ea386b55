using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.CommandLine;

/// <summary>Options that are given an empty value: an error, unless the command clears something by it.</summary>
public sealed class EmptyValueTests : CliTest
{
    // Each has to be documented where its command is.
    private static readonly string[] Clearing =
    [
        "contexts set --org",
        "providers update --region",
        "providers update --hostname",
        "providers update --cluster-address",
        "providers update --storage-class",
        "providers update --max-workspaces",
        "providers update --toleration",
        "providers update --node-selector",
        "providers update --affinity",
        "providers update --service-account-annotation",
        "providers update --image-pull-secret",
        "workspaces update --command",
        "workspaces update --env-from",
        "workspaces update --owner-email",
    ];

    [Fact]
    public void Every_option_of_every_command_refuses_one_by_its_name_unless_it_clears()
    {
        var refused = new List<string>();
        var taken = new List<string>();
        foreach (var (path, command) in Tree.Commands())
        foreach (var option in Options(command).Where(o => o.Arity.MinimumNumberOfValues > 0))
        foreach (var name in option.Aliases.Prepend(option.Name))
        {
            var said = Said([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), name, ""]);
            if (
                said.StartsWith(
                    $"error: {option.Name} has an empty value: specify {option.Name} ",
                    StringComparison.Ordinal
                )
            )
                refused.Add($"{path} {name}");
            else
                taken.Add($"{path} {name}");
        }

        Assert.Equal(Clearing.Order(), taken.Order());
        Assert.InRange(refused.Count, 100, int.MaxValue);
    }

    [Theory]
    [InlineData("--image", "workspaces", "create", "dev", "--image", "")]
    [InlineData("--image", "workspaces", "create", "dev", "--image=")]
    [InlineData("--memory", "workspaces", "update", "dev", "--cpu", "2", "--memory", "")]
    [InlineData("--org", "workspaces", "rm", "dev", "--yes", "--org", "")]
    [InlineData("--env-from", "workspaces", "create", "dev", "--env-from", "tools", "--env-from", "")]
    [InlineData("--command", "workspaces", "create", "dev", "--command", "", "-c")]
    [InlineData("--region", "providers", "create", "eu", "--region", "")]
    [InlineData("--context", "workspaces", "ls", "--context", "")]
    public async Task A_command_with_one_does_nothing(string option, params string[] words)
    {
        var run = await Mesh.Run(words);

        Assert.StartsWith($"error: {option} has an empty value", run.Stderr, StringComparison.Ordinal);
        Assert.Equal((2, 0), (run.ExitCode, Server.Requests.Count));
    }

    [Fact]
    public async Task A_flag_with_one_is_no_name()
    {
        var run = await Mesh.Run("workspaces", "rm", "--yes=", "dev");

        Assert.StartsWith("error: --yes=: must be true or false", run.Stderr, StringComparison.Ordinal);
        Assert.Equal((2, 0), (run.ExitCode, Server.Requests.Count));
    }

    [Fact]
    public async Task A_command_may_have_an_empty_word_and_help_is_shown_all_the_same()
    {
        var created = await Mesh.Run("workspaces", "create", "dev", "--command", "sh", "-c", "");
        var help = await Mesh.Run("workspaces", "create", "--image", "", "--help");

        Assert.Equal((0, 0), (created.ExitCode, help.ExitCode));
        var request = Assert.Single(Server.Requests.OfType<CreateWorkspaceRequest>());
        Assert.Equal(["sh", "-c", ""], request.Spec.Command);
    }

    [Theory]
    [InlineData("providers", "update", "--region=", "eu-west-1")]
    [InlineData("providers", "update", "eu-west-1", "--region=")]
    [InlineData("providers", "update", "eu-west-1", "--region", "")]
    public async Task It_clears_what_it_is_given_for_and_takes_no_other_word(params string[] words)
    {
        Server.Providers.All.Add(Sample.Broken());

        var run = await Mesh.Run(words);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Stderr));
        var request = Assert.IsType<UpdateProviderRequest>(Server.Providers.Changed);
        Assert.Equal("", request.Details.Region);
        Assert.Equal(["details.region"], request.UpdateMask.Paths);
    }

    [Theory]
    [InlineData("--region= a", "--region  a")]
    [InlineData("--env=A= --region=", "--env=A= --region ")]
    [InlineData("a= -o= =", "a= -o= =")]
    [InlineData("--org= -- --org=", "--org  -- --org=")]
    public void Only_an_option_without_a_value_is_split(string words, string split) =>
        Assert.Equal(split, string.Join(' ', EmptyValues.Split(words.Split(' '))));

    private static string Said(string[] words)
    {
        var written = new StringWriter();
        var talk = new Terminal(written, interactive: false, color: false);
        var line = Tree.Make().Parse(words);
        if (UsageErrors.Has(line, words))
            UsageErrors.Show(line, words, new Output(talk, talk));
        return written.ToString();
    }

    private static IEnumerable<Option> Options(Command command) =>
        command.Options.Concat(
            command.Parents.OfType<Command>().SelectMany(parent => Options(parent).Where(o => o.Recursive))
        );
}
