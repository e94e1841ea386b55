using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.Connection;

/// <summary>
/// Finds environment variables that are probably misspelt ones of this program, which would be ignored silently.
/// Variables of other programs, such as the agent, may have the same prefix. Pure.
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

    /// <summary>Allows one typo in a short name, and two in a longer one.</summary>
    private static bool IsNear(string name, string known) =>
        Nearest.Distance(name, known, exchange: 1) <= (known.Length - Prefix.Length <= 5 ? 1 : 2);
}
