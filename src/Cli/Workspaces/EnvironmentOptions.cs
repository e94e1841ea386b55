using System.CommandLine;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Options about the environment of a workspace's container.</summary>
internal sealed class EnvironmentOptions
{
    private readonly Option<string[]> _variables = new("--env", "-e")
    {
        Description = "Environment variable, once for each; shown to all who may see the workspace, so no secrets",
        HelpName = "NAME=value",
    };

    private readonly Option<string[]> _secrets = new("--env-from")
    {
        Description = "Secret of the provider's namespace whose keys become variables, once for each",
        HelpName = "secret",
    };

    public EnvironmentOptions() =>
        _variables.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                result.AddError($"--env {token.Value}: write NAME=value.");
        });

    public IEnumerable<Option> All => [_variables, _secrets];

    public bool HasVariables(ParseResult line) => line.GetResult(_variables) is not null;

    public bool HasSecrets(ParseResult line) => line.GetResult(_secrets) is not null;

    /// <summary>By name; the last one given of a name counts.</summary>
    public IReadOnlyDictionary<string, string> Variables(ParseResult line)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var given in line.GetValue(_variables) ?? [])
        {
            var at = given.IndexOf('=', StringComparison.Ordinal);
            variables[given[..at]] = given[(at + 1)..];
        }

        return variables;
    }

    /// <summary>Without empty ones: <c>--env-from ''</c> names none.</summary>
    public IEnumerable<string> Secrets(ParseResult line) => (line.GetValue(_secrets) ?? []).Where(s => s.Length > 0);
}
