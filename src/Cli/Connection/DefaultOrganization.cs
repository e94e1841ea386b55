using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The organization that commands mean where none is named, and what named it.</summary>
/// <param name="Undo">What makes it another one, or none.</param>
internal sealed record DefaultOrganization(string Name, string Origin, string Undo)
{
    /// <summary>The option that names one on the command line.</summary>
    public const string OptionName = "--org";

    public const string Variable = "MESH_ORG";

    /// <summary>A context that the command line names comes before the environment, as it does for the address.</summary>
    /// <param name="context">Null where none has a say.</param>
    /// <param name="address">Where the command calls: organizations of one control plane mean nothing to another.</param>
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
            ? new DefaultOrganization(name, Variable, $"unset {Variable}, or name another organization in it")
            : saved;
    }
}
