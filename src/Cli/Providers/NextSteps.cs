using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Providers;

/// <summary>What a person does with a new token: bring it to the cluster, start the agent, look. Pure.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Namespace">The namespace that its workspaces are to be in.</param>
/// <param name="Token">The token, as far as it is printed.</param>
/// <param name="Address">The access URL, or where this command line reached the control plane if there is none.</param>
internal sealed record NextSteps(string Provider, string Namespace, NewToken Token, Uri Address)
{
    /// <summary>The namespace of the examples, where no agent has named another.</summary>
    public const string DefaultNamespace = "coder-workspaces";

    /// <summary>For a provider that is new.</summary>
    public IEnumerable<string> Install() =>
        ["", .. Shown(), .. Secret(replacing: false), "", .. Chart(), "", .. Binary(), .. Elsewhere(), "", .. Look()];

    /// <summary>For an agent that runs already, with an older token.</summary>
    public IEnumerable<string> Replace() =>
        [
            .. Shown(),
            .. Secret(replacing: true),
            "",
            "   For an agent that was started by hand, put it into the agent's token file instead. Then restart the",
            "   agent: it reads its token whenever it connects.",
        ];

    private string SecretName => $"{Provider}-token";

    private string File => Token.File ?? $"{Provider}.token";

    private string Origin => Address.GetLeftPart(UriPartial.Authority);

    private string Input => Token.File is { } file ? $" < {Shell.Quote(file)}" : "";

    private string[] Shown() =>
        Token.File is null
            ? ["The agent's token, a secret that is shown only this once:", "", $"    {Token.Secret}", ""]
            : ["The agent's token, a secret that can't be shown again, is in this file:", "", $"    {Token.File}", ""];

    private string[] Secret(bool replacing)
    {
        var create = $"kubectl create secret generic {Shell.Quote(SecretName)} --namespace {Shell.Quote(Namespace)} \\";
        string[] command = replacing
            ?
            [
                $"    {create}",
                $"        --from-file=token=/dev/stdin --dry-run=client --output yaml{Input} | kubectl apply -f -",
            ]
            : [$"    {create}", $"        --from-file=token=/dev/stdin{Input}"];
        return
        [
            replacing
                ? "1. In the agent's cluster, put the token in the place of the older one. (Its secret may have another name.)"
                : "1. In the agent's cluster, put the token into a secret of the namespace for the workspaces.",
            .. Token.File is null
                ?
                [
                    "   Run this, paste the token, and press Enter and Ctrl-D; so it stays out of arguments and of the",
                    "   shell's history:",
                ]
                : Array.Empty<string>(),
            "",
            .. command,
        ];
    }

    private string[] Chart() =>
        [
            "2. Install the agent there. Its chart, charts/workspace-provider, is not part of this release: it comes",
            "   with a later one, for which this command is.",
            "",
            $"    helm upgrade --install {Shell.Quote(Provider)} charts/workspace-provider \\",
            $"        --namespace {Shell.Quote(Namespace)} \\",
            $"        --set {Shell.Quote($"cemanager.accessURL={Origin}")} \\",
            $"        --set {Shell.Quote($"agent.existingSecret={SecretName}")}",
        ];

    private IEnumerable<string> Binary() =>
        [
            "   Until then start the agent by hand, where a kubeconfig lets it reach the cluster. It takes the token",
            Token.File is null
                ? "   from a file that only you can read; the first command makes it, the token is pasted as above:"
                : "   from its file, which only you should be able to read there too:",
            "",
            .. Token.File is null ? [$"    (umask 077 && cat > {Shell.Quote(File)})"] : Array.Empty<string>(),
            $"    mesh-agent --access-url {Shell.Quote(Origin)} --token-file {Shell.Quote(File)} \\",
            $"        --namespace {Shell.Quote(Namespace)} --kubeconfig ~/.kube/config",
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

    private string[] Look() =>
        ["3. Its status turns from pending to ready:", "", $"    mesh providers show {Shell.Quote(Provider)}"];
}
