using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Options for the environment of a workspace's container.</summary>
internal sealed class EnvironmentOptions
{
    private readonly Option<string[]> _variables = KeyValues.Option(
        "--env",
        ["-e"],
        "NAME=value",
        "Environment variable; repeatable; not for secrets, since everyone who can see the workspace can read it"
    );

    private readonly Option<string[]> _secrets = new("--env-from")
    {
        Description = "Secret in the provider's namespace whose keys become variables; repeatable",
        HelpName = "secret",
    };

    public IEnumerable<Option> All => [_variables, _secrets];

    public Option FromSecrets => _secrets;

    public bool HasVariables(ParseResult line) => line.IsGiven(_variables);

    public bool HasSecrets(ParseResult line) => line.IsGiven(_secrets);

    public IReadOnlyDictionary<string, string> Variables(ParseResult line) => KeyValues.Read(line, _variables);

    /// <summary>Reads the secrets; <c>--env-from ''</c> means none.</summary>
    public IEnumerable<string> Secrets(ParseResult line) => (line.GetValue(_secrets) ?? []).Where(s => s.Length > 0);
}
