namespace Coder.Mesh.Agent.Configuration;

/// <summary>A setting with its flag, environment variable and key in the settings file.</summary>
/// <param name="Placeholder">Stands for the value in the help; null for a switch.</param>
internal sealed record Setting(string Flag, string Variable, string Key, string? Placeholder, string Help)
{
    public static readonly Setting AccessUrl = new(
        "--access-url",
        "MESH_ACCESS_URL",
        "accessUrl",
        "URL",
        "Address of the control plane, such as https://mesh.example.com. Required."
    );

    public static readonly Setting AllowPlaintext = new(
        "--allow-plaintext",
        "MESH_ALLOW_PLAINTEXT",
        "allowPlaintext",
        null,
        "Allow an http:// address that isn't loopback. Tokens and workspaces then travel unprotected."
    );

    public static readonly Setting TokenFile = new(
        "--token-file",
        "MESH_TOKEN_FILE",
        "tokenFile",
        "FILE",
        "File that holds the provider's token, read again at each dial. Without it, MESH_TOKEN holds the token itself."
    );

    public static readonly Setting Cluster = new(
        "--cluster",
        "MESH_CLUSTER",
        "cluster",
        "KIND",
        "kubernetes or simulated. Default: kubernetes; the agent never falls back."
    );

    public static readonly Setting Namespace = new(
        "--namespace",
        "MESH_NAMESPACE",
        "namespace",
        "NAME",
        "Namespace to work in. Default: the one that the pod runs in or the kubeconfig names."
    );

    public static readonly Setting Kubeconfig = new(
        "--kubeconfig",
        "KUBECONFIG",
        "kubeconfig",
        "FILE",
        "Kubeconfig file. Default: the pod's service account."
    );

    public static readonly Setting HeartbeatInterval = new(
        "--heartbeat-interval",
        "MESH_HEARTBEAT_INTERVAL",
        "heartbeatInterval",
        "TIME",
        "Longest time between two heartbeats, 1s to 60s. Default: 10s."
    );

    public static readonly Setting ProbeInterval = new(
        "--probe-interval",
        "MESH_PROBE_INTERVAL",
        "probeInterval",
        "TIME",
        "How often the cluster is looked at, 1s to 60s. Default: 5s."
    );

    public static readonly Setting PendingTimeout = new(
        "--pending-timeout",
        "MESH_PENDING_TIMEOUT",
        "pendingTimeout",
        "TIME",
        "How long a workspace may wait for a node, an image, a volume or quota before it is Failed, 1s to 1440m. Default: 10m."
    );

    public static readonly Setting HealthAddress = new(
        "--health-address",
        "MESH_HEALTH_ADDRESS",
        "healthAddress",
        "IP:PORT",
        "Where /health/live and /health/ready are served; port 0 takes a free one. Default: 127.0.0.1:8086."
    );

    public static readonly Setting LogLevel = new(
        "--log-level",
        "MESH_LOG_LEVEL",
        "logLevel",
        "LEVEL",
        "debug, information, warning or error. Default: information."
    );

    public static readonly Setting LogFormat = new(
        "--log-format",
        "MESH_LOG_FORMAT",
        "logFormat",
        "FORMAT",
        "text or json. Default: text."
    );

    public static readonly Setting Simulate = new(
        "--simulate",
        "MESH_SIMULATE",
        "simulate",
        "FILE",
        "JSON script of what the simulated cluster stages. Needs --cluster simulated."
    );

    public static readonly Setting SimulatedState = new(
        "--simulated-state",
        "MESH_SIMULATED_STATE",
        "simulatedState",
        "FILE",
        "File that keeps the simulated namespace's UID from one start to the next. Default: a new UID each time."
    );

    public static readonly Setting SimulatedSeed = new(
        "--simulated-seed",
        "MESH_SIMULATED_SEED",
        "simulatedSeed",
        "NUMBER",
        "What the simulated cluster's delays are drawn from. Default: 1."
    );

    public static readonly Setting SimulatedDelay = new(
        "--simulated-delay",
        "MESH_SIMULATED_DELAY",
        "simulatedDelay",
        "TIME",
        "Longest time that a simulated step takes, 0s to 10m. Default: 250ms."
    );

    public static readonly Setting SimulatedCapacity = new(
        "--simulated-capacity",
        "MESH_SIMULATED_CAPACITY",
        "simulatedCapacity",
        "NUMBER",
        "How many simulated workspaces can run at once. Default: any number."
    );

    /// <summary>All settings, in the order of the help.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        AccessUrl,
        AllowPlaintext,
        TokenFile,
        Cluster,
        Namespace,
        Kubeconfig,
        HeartbeatInterval,
        ProbeInterval,
        PendingTimeout,
        HealthAddress,
        LogLevel,
        LogFormat,
        Simulate,
        SimulatedState,
        SimulatedSeed,
        SimulatedDelay,
        SimulatedCapacity,
    ];
}
