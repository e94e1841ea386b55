namespace Coder.Mesh.Protocol.Client;

/// <summary>The address of a control plane, and the credentials to call it.</summary>
public sealed class MeshClientOptions
{
    /// <summary>
    /// The address of the control plane's gRPC port: scheme, host and port, such as <c>https://mesh.example.com</c>.
    /// Required.
    /// </summary>
    public Uri? Address { get; set; }

    /// <summary>
    /// Returns the API token. Called for each call, so that a rotated token is used; read it from a file or a secret
    /// store, and cache it. Required.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? Token { get; set; }

    /// <summary>
    /// The maximum duration of one call, including retries; watches have no limit. 30 seconds by default.
    /// </summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The maximum number of attempts for one call while the control plane is unreachable, 10 by default; 1 means no
    /// retries. Writes have a request id, so that they are carried out once.
    /// </summary>
    public int MaxAttempts { get; set; } = 10;

    /// <summary>
    /// Allows sending the token over plain http to another machine. Only for trusted networks.
    /// </summary>
    public bool AllowPlaintext { get; set; }

    /// <exception cref="MeshOptionsException">An option is missing or not valid.</exception>
    internal void Check()
    {
        if (Address is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            throw new MeshOptionsException(nameof(Address), "must be an absolute http or https address");
        if (Token is null)
            throw new MeshOptionsException(nameof(Token), "is required");
        if (Address.Scheme == "http" && !Address.IsLoopback && !AllowPlaintext)
            throw new MeshOptionsException(
                nameof(Address),
                $"must be https: the token would be sent to {Address.Host} in plain text; set {nameof(AllowPlaintext)} on a trusted network"
            );
        if (CallTimeout <= TimeSpan.Zero)
            throw new MeshOptionsException(nameof(CallTimeout), "must be positive");
        if (MaxAttempts is < 1 or > 100)
            throw new MeshOptionsException(nameof(MaxAttempts), "must be between 1 and 100");
    }
}

/// <summary>Thrown if an option is missing or not valid.</summary>
/// <param name="option">The name of the option.</param>
/// <param name="rule">The rule that it violates.</param>
public sealed class MeshOptionsException(string option, string rule)
    : ArgumentException($"{nameof(MeshClientOptions)}.{option} {rule}.", option);
