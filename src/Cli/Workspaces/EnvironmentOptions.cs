using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Options about the environment of a workspace's container.</summary>
internal sealed class EnvironmentOptions
{
    private readonly Option<string[]> _variables = KeyValues.Option(
        "--env",
        ["-e"],
        "NAME=value",
        "Environment variable, once for each; shown to all who may see the workspace, so no secrets"
    );

    private readonly Option<string[]> _secrets = new("--env-from")
    {
        Description = "Secret of the provider's namespace whose keys become variables, once for each",
        HelpName = "secret",
    };

    public IEnumerable<Option> All => [_variables, _secrets];

    public bool HasVariables(ParseResult line) => line.IsGiven(_variables);

    public bool HasSecrets(ParseResult line) => line.IsGiven(_secrets);

    public IReadOnlyDictionary<string, string> Variables(ParseResult line) => KeyValues.Read(line, _variables);

    /// <summary>Without empty ones: <c>--env-from ''</c> names none.</summary>
    public IEnumerable<string> Secrets(ParseResult line) => (line.GetValue(_secrets) ?? []).Where(s => s.Length > 0);
}
