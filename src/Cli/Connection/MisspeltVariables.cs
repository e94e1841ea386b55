using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.Connection;

/// <summary>
/// Finds variables that are all but one of this program's, which isn't set: a command would call another control plane than
/// was meant, without a word. Others may begin with the same letters, such as the agent's. Pure.
/// </summary>
internal static class MisspeltVariables
{
    private const string Prefix = "MESH_";

    public static readonly IReadOnlyList<string> Known =
    [
        Address.Variable,
        Address.AllowPlaintext,
        Token.Variable,
        Token.FileVariable,
        ContextChoice.Variable,
        DefaultOrganization.Variable,
        "MESH_DEBUG",
        "MESH_COMPLETION_TIMEOUT",
    ];

    public static IEnumerable<(string Given, string Meant)> Among(IEnumerable<string> names)
    {
        var given = names.Where(n => n.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)).ToHashSet();
        return from name in given.Except(Known).Order(StringComparer.Ordinal)
            let near = Known.FirstOrDefault(k => IsNear(name, k))
            where near is not null && !given.Contains(near)
            select (name, near);
    }

    /// <summary>One slip in a short name, two in a longer one: a name of three letters is two slips from many.</summary>
    private static bool IsNear(string name, string known) =>
        Nearest.Distance(name, known, exchange: 1) <= (known.Length - Prefix.Length <= 5 ? 1 : 2);
}
