using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>What a person does with a new token: prepare the cluster, start the agent, use it. Pure.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Namespace">The namespace that its workspaces are to be in.</param>
/// <param name="Token">The token, as far as it is printed.</param>
/// <param name="Address">The access URL, or where this command line reached the control plane if there is none.</param>
internal sealed record NextSteps(string Provider, string Namespace, NewToken Token, Uri Address)
{
    /// <summary>The namespace of the examples, where no agent has named another.</summary>
    public const string DefaultNamespace = "coder-workspaces";

    /// <summary>For a provider that is new.</summary>
    /// <param name="organization">One that is to use it; null if there is none.</param>
    public IEnumerable<string> Install(string? organization) =>
        ["", .. Shown(), .. Role(), "", .. Agent(), .. Elsewhere(), "", .. Use(organization)];

    /// <summary>For an agent that has run before, with an older token.</summary>
    public IEnumerable<string> Replace(Provider provider) =>
        [
            .. Shown(),
            .. provider.Kind == ProviderKind.BuiltIn ? BuiltIn()
            : provider.Agent?.Driver == "simulated" ? Simulated()
            : Secret(),
            "",
            "   A running agent takes the new token when it next connects. Restart it, and it does so now.",
        ];

    private string SecretName => $"{Provider}-token";

    private string File => Token.File ?? $"{Provider}.token";

    private string Origin => Address.GetLeftPart(UriPartial.Authority);

    private string Input => Token.File is { } file ? $" < {Shell.Quote(file)}" : "";

    private string[] Shown() =>
        Token.File is null
            ? ["The agent's token, a secret that is shown only this once:", "", $"    {Token.Secret}", ""]
            : ["The agent's token, a secret that can't be shown again, is in this file:", "", $"    {Token.File}", ""];

    private string[] Secret() =>
        [
            "1. In the agent's cluster, put the token in the place of the older one. (Its secret may have another name.)",
            .. Token.File is null
                ?
                [
                    "   Run this, paste the token, and press Enter and Ctrl-D; so it stays out of arguments and of the",
                    "   shell's history:",
                ]
                : Array.Empty<string>(),
            "",
            $"    kubectl create secret generic {Shell.Quote(SecretName)} --namespace {Shell.Quote(Namespace)} \\",
            $"        --from-file=token=/dev/stdin --dry-run=client --output yaml{Input} | kubectl apply -f -",
            "",
            "   For an agent that was started by hand, put it into the agent's token file instead.",
        ];

    // Where the control plane writes it, and the agent on the same machine reads it.
    private static string[] BuiltIn() =>
        [
            "1. Put the token, and nothing else, into the file that the agent of the built-in provider reads, in the place of",
            "   the older one: builtin-agent-token in the control plane's data folder, which is Mesh__DataFolder or else",
            "   ~/.local/share/coder-mesh. The control plane's user alone may read it.",
        ];

    private static string[] Simulated() =>
        [
            "1. Put the token, and nothing else, into the file that the agent's --token-file names, in the place of the older",
            "   one. You alone may read it.",
        ];

    private string[] Role() =>
        [
            "1. In the agent's cluster, make a namespace for the workspaces, and a service account with the Role that an",
            "   agent needs:",
            "",
            $"    kubectl create namespace {Shell.Quote(Namespace)}",
            $"    mesh-agent role --namespace {Shell.Quote(Namespace)} | kubectl apply -f -",
        ];

    private IEnumerable<string> Agent() =>
        [
            "2. Start the agent where a kubeconfig lets it reach the cluster. Any that may do what the Role allows will do;",
            "   docs/agent-permissions.md makes one of that service account. The agent takes its token from a file that only",
            Token.File is null
                ? "   you can read; to make it, run the first command, paste the token, and press Enter and Ctrl-D:"
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
                $"   {Origin} is this machine only: for an agent elsewhere, put the address at which it",
                "   reaches the control plane.",
            ]
            : [];

    private string[] Use(string? organization) =>
        [
            "3. Its status turns from pending to ready. Let an organization place workspaces there:",
            "",
            $"    mesh providers show {Shell.Quote(Provider)}",
            .. organization is null ? ["    mesh orgs create default"] : Array.Empty<string>(),
            $"    mesh orgs allow {Shell.Quote(organization ?? "default")} {Shell.Quote(Provider)}",
        ];
}
