using System.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Where names of workspaces are looked up: empty means all organizations, and the caller.</summary>
internal sealed record Scope(string Organization, string Owner);

/// <summary>Options that select where names of workspaces are looked up. Not needed with ids.</summary>
internal sealed class ScopeOptions
{
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Organization of the workspaces, by name or id"
    );

    private readonly Option<string> _owner = new("--owner")
    {
        Description = "Owner of the workspaces, for site admins [default: you]",
        HelpName = "user",
    };

    public IEnumerable<Option> All => [_organization, _owner];

    public Scope Of(Invocation run) => new(run.Organization(_organization), run.Line.GetValue(_owner) ?? "");
}
