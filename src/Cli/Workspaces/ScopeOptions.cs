using System.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Among which workspaces names are looked for; empty for all organizations, and for the caller's own.</summary>
internal sealed record Scope(string Organization, string Owner);

/// <summary>Options that say whose workspaces are meant by names. An id needs neither.</summary>
internal sealed class ScopeOptions
{
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Organization of what is named, by name or id"
    );

    private readonly Option<string> _owner = new("--owner")
    {
        Description = "User who owns what is named, for site admins [default: you]",
        HelpName = "user",
    };

    public IEnumerable<Option> All => [_organization, _owner];

    public Scope Of(Invocation run) => new(run.Organization(_organization), run.Line.GetValue(_owner) ?? "");
}
