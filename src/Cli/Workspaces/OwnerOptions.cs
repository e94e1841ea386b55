using System.CommandLine;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Options for the owner of a workspace.</summary>
internal sealed class OwnerOptions
{
    private readonly Option<string> _owner = new("--owner")
    {
        Description = "Owner of the workspace [default: you]",
        HelpName = "user",
    };

    private readonly Option<string> _email = Email("E-mail address of the owner, for providers that need it");

    public IEnumerable<Option> All => [_owner, _email];

    public static Option<string> Email(string description) =>
        new("--owner-email") { Description = description, HelpName = "address" };

    public string Owner(ParseResult line) => line.GetValue(_owner) ?? "";

    public string EmailOf(ParseResult line) => line.GetValue(_email) ?? "";
}
