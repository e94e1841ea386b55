using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The organization of commands that name none, and where it came from.</summary>
/// <param name="Undo">How to change or remove it.</param>
internal sealed record DefaultOrganization(string Name, string Origin, string Undo)
{
    /// <summary>The option that overrides it.</summary>
    public const string OptionName = "--org";

    public const string Variable = "MESH_ORG";

    /// <summary>
    /// Resolves it. As for the address, a context given by an option takes precedence over the environment.
    /// </summary>
    /// <param name="context">Null if no context is used.</param>
    /// <param name="address">The address of the command; the organization of a context is valid for its own address
    /// only.</param>
    public static DefaultOrganization? Of(ContextChoice? context, Uri address, Func<string, string?> env)
    {
        var saved =
            context is { Context.Organization.Length: > 0 } && context.IsFor(address)
                ? new DefaultOrganization(
                    context.Context.Organization,
                    context.ToString(),
                    $"mesh contexts set {Shell.Quote(context.Name)} --org ORGANIZATION, or --org '' for none"
                )
                : null;
        if (saved is not null && context!.Origin == ContextOrigin.Option)
            return saved;
        return env(Variable) is { Length: > 0 } name
            ? new DefaultOrganization(name, Variable, $"unset {Variable}, or set it to another organization")
            : saved;
    }
}
