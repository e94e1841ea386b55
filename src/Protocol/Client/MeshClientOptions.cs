namespace Coder.Mesh.Protocol.Client;

/// <summary>Where a control plane is, and who calls it.</summary>
public sealed class MeshClientOptions
{
    /// <summary>
    /// The address of the control plane's gRPC port: scheme, host and port, such as <c>https://mesh.example.com</c>.
    /// Required.
    /// </summary>
    public Uri? Address { get; set; }

    /// <summary>
    /// Gives the API token, asked for each call, so that a rotated one is taken up: read it from a file or from a secret
    /// store, and cache it there. Required.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? Token { get; set; }

    /// <summary>How long one call may take, its repetitions included; watches have no limit. 30 seconds.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often one call is tried while the control plane can't be reached; 10. Each write carries a request id, so that
    /// what was done already isn't done twice. 1 for no repetition.
    /// </summary>
    public int MaxAttempts { get; set; } = 10;

    /// <summary>
    /// Lets the token go over plain http to another machine than this one: only where the network itself is trusted.
    /// </summary>
    public bool AllowPlaintext { get; set; }

    /// <exception cref="MeshOptionsException">Something is missing, or not allowed; says what.</exception>
    internal void Check()
    {
        if (Address is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            throw new MeshOptionsException(nameof(Address), "must be an absolute http or https address");
        if (Token is null)
            throw new MeshOptionsException(nameof(Token), "is required");
        if (Address.Scheme == "http" && !Address.IsLoopback && !AllowPlaintext)
            throw new MeshOptionsException(
                nameof(Address),
                $"must be https, for the token would go to {Address.Host} in plain text; set {nameof(AllowPlaintext)} where the network itself is trusted"
            );
        if (CallTimeout <= TimeSpan.Zero)
            throw new MeshOptionsException(nameof(CallTimeout), "must be positive");
        if (MaxAttempts is < 1 or > 100)
            throw new MeshOptionsException(nameof(MaxAttempts), "must be between 1 and 100");
    }
}

/// <summary>An option has no value, or one that can't be used.</summary>
/// <param name="option">Its name.</param>
/// <param name="rule">What it must be.</param>
public sealed class MeshOptionsException(string option, string rule)
    : ArgumentException($"{nameof(MeshClientOptions)}.{option} {rule}.", option);
