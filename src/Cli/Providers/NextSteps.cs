using Coder.Mesh.Cli.Connection;

namespace Coder.Mesh.Cli.Providers;

/// <summary>What a person does after `mesh providers create`: keep the token, start the agent, look. Pure.</summary>
internal static class NextSteps
{
    /// <param name="name">The provider's name.</param>
    /// <param name="token">The agent's token; shown only when no file holds it.</param>
    /// <param name="tokenFile">The file that holds the token already, if any.</param>
    /// <param name="address">Where this command line reached the control plane.</param>
    public static IEnumerable<string> For(string name, string token, string? tokenFile, Uri address)
    {
        var file = tokenFile ?? $"{name}.token";
        yield return "";
        if (tokenFile is null)
        {
            yield return "Its agent's token, a secret that is shown only this once:";
            yield return "";
            yield return $"    {token}";
            yield return "";
            yield return "1. Where the agent will run, keep the token in a file that only you can read. Run this, paste the";
            yield return "   token, and press Enter and Ctrl-D; so it stays out of the shell's history:";
            yield return "";
            yield return $"    (umask 077 && cat > {Quote(file)})";
        }
        else
        {
            yield return "1. The agent's token, a secret that can't be shown again, is in this file; bring it, with its mode";
            yield return "   0600, to where the agent will run:";
            yield return "";
            yield return $"    {file}";
        }

        yield return "";
        yield return "2. Start the agent there, with the namespace for the workspaces and a kubeconfig of its cluster:";
        yield return "";
        yield return $"    mesh-agent --access-url {Origin(address)} --token-file {Quote(file)} \\";
        yield return "        --namespace coder-workspaces --kubeconfig ~/.kube/config";
        if (Address.IsLoopback(address))
        {
            yield return "";
            yield return $"   {Origin(address)} is this machine only: for an agent elsewhere, put the address at which it";
            yield return "   reaches the control plane.";
        }

        yield return "";
        yield return "3. Its status turns from pending to ready:";
        yield return "";
        yield return $"    mesh providers show {Quote(name)}";
    }

    private static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);

    /// <summary>Quotes for a POSIX shell where it is needed: a path may hold anything.</summary>
    private static string Quote(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/')
            ? text
            : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
