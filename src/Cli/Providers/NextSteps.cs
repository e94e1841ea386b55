using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>
/// The instructions that follow a new token: prepare the cluster, start the agent, use the provider. Pure.
/// </summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Namespace">The namespace for its workspaces.</param>
/// <param name="Token">The token, or the file that contains it.</param>
/// <param name="Address">The access URL; if there is none, the address that this command used.</param>
internal sealed record NextSteps(string Provider, string Namespace, NewToken Token, Uri Address)
{
    /// <summary>The namespace of the examples, if no agent has reported one.</summary>
    public const string DefaultNamespace = "coder-workspaces";

    /// <summary>Instructions for a new provider.</summary>
    /// <param name="organization">An organization for the example; null if there is none.</param>
    public IEnumerable<string> Install(string? organization) =>
        ["", .. Shown(), .. Role(), "", .. Agent(), .. Elsewhere(), "", .. Use(organization)];

    /// <summary>Instructions for replacing the token of an existing agent.</summary>
    public IEnumerable<string> Replace(Provider provider) =>
        [
            .. Shown(),
            .. provider.Kind == ProviderKind.BuiltIn ? BuiltIn()
            : provider.Agent?.Driver == "simulated" ? Simulated()
            : Secret(),
            "",
            "   A running agent uses the new token the next time it connects. Restart it to use the token now.",
        ];

    private string SecretName => $"{Provider}-token";

    private string File => Token.File ?? $"{Provider}.token";

    private string Origin => Address.GetLeftPart(UriPartial.Authority);

    private string Input => Token.File is { } file ? $" < {Shell.Quote(file)}" : "";

    private string[] Shown() =>
        Token.File is null
            ? ["The agent's token, a secret that is shown only once:", "", $"    {Token.Secret}", ""]
            : ["The agent's token, a secret that cannot be shown again, is in this file:", "", $"    {Token.File}", ""];

    private string[] Secret() =>
        [
            "1. In the agent's cluster, replace the old token. (Your secret may have a different name.)",
            .. Token.File is null
                ?
                [
                    "   Run this command, paste the token, then press Enter and Ctrl-D. This keeps the token out of arguments and of",
                    "   the shell's history:",
                ]
                : Array.Empty<string>(),
            "",
            $"    kubectl create secret generic {Shell.Quote(SecretName)} --namespace {Shell.Quote(Namespace)} \\",
            $"        --from-file=token=/dev/stdin --dry-run=client --output yaml{Input} | kubectl apply -f -",
            "",
            "   If the agent was started by hand, write the token to its token file instead.",
        ];

    // The control plane writes this file, and the agent on the same machine reads it.
    private static string[] BuiltIn() =>
        [
            "1. Write the token, and nothing else, to the file that the agent of the built-in provider reads, replacing the old",
            "   one: builtin-agent-token in the control plane's data folder, which is Mesh__DataFolder or else",
            "   ~/.local/share/coder-mesh. Only the control plane's user may read it.",
        ];

    private static string[] Simulated() =>
        [
            "1. Write the token, and nothing else, to the file that the agent's --token-file names, replacing the old one. Only",
            "   you may read it.",
        ];

    private string[] Role() =>
        [
            "1. In the agent's cluster, create a namespace for the workspaces, and a service account with the Role that an",
            "   agent needs:",
            "",
            $"    kubectl create namespace {Shell.Quote(Namespace)}",
            $"    mesh-agent role --namespace {Shell.Quote(Namespace)} | kubectl apply -f -",
        ];

    private IEnumerable<string> Agent() =>
        [
            "2. Start the agent with a kubeconfig for the cluster. Any account with the permissions of the Role works;",
            "   docs/agent-permissions.md creates one for that service account. The agent reads its token from a file that only",
            Token.File is null
                ? "   you can read. To create it, run the first command, paste the token, then press Enter and Ctrl-D:"
                : "   you can read:",
            "",
            .. Token.File is null ? [$"    (umask 077 && cat > {Shell.Quote(File)})"] : Array.Empty<string>(),
            $"    mesh-agent --access-url {Shell.Quote(Origin)} --token-file {Shell.Quote(File)} \\",
            $"        --namespace {Shell.Quote(Namespace)} --kubeconfig ~/.kube/config \\",
            "        --health-address 127.0.0.1:0",
        ];

    private string[] Elsewhere() =>
        Connection.Address.IsLoopback(Address)
            ?
            [
                "",
                $"   {Origin} is reachable from this machine only. For an agent elsewhere, use the address at which it",
                "   reaches the control plane.",
            ]
            : [];

    private string[] Use(string? organization) =>
        [
            "3. Its status changes from pending to ready. Allow an organization to use it:",
            "",
            $"    mesh providers show {Shell.Quote(Provider)}",
            .. organization is null ? ["    mesh orgs create default"] : Array.Empty<string>(),
            $"    mesh orgs allow {Shell.Quote(organization ?? "default")} {Shell.Quote(Provider)}",
        ];
}
