namespace Coder.Mesh.Cli.Connection;

/// <summary>The context that a command uses, and where its name came from.</summary>
internal sealed record ContextChoice(string Name, ContextOrigin Origin, SavedContext Context)
{
    public const string Variable = "MESH_CONTEXT";

    /// <returns>Null if no context is given, and none is current.</returns>
    public static ContextChoice? Of(string? option, Func<string, string?> env, Config config) =>
        (option, env(Variable), config.Current) switch
        {
            ({ } name, _, _) => new(name, ContextOrigin.Option, config.Get(name, "--context")),
            (_, { Length: > 0 } name, _) => new(name, ContextOrigin.Environment, config.Get(name, Variable)),
            (_, _, { } name) => new(name, ContextOrigin.File, config.Get(name, "config.json as the current one")),
            _ => null,
        };

    /// <summary>Tells whether its token may be sent to an address: only to the one it was stored for.</summary>
    public bool IsFor(Uri address) => Address.Origin(Context.Address) == Address.Origin(address);

    public override string ToString() => $"context \"{Name}\"";
}

internal enum ContextOrigin
{
    Option,
    Environment,
    File,
}
