namespace Coder.Mesh.Cli.Connection;

/// <summary>The context that a command uses, and what named it.</summary>
internal sealed record ContextChoice(string Name, ContextOrigin Origin, SavedContext Context)
{
    public const string Variable = "MESH_CONTEXT";

    /// <returns>Null if no context is named, and none is current.</returns>
    public static ContextChoice? Of(string? option, Func<string, string?> env, Config config) =>
        (option, env(Variable), config.Current) switch
        {
            ({ } name, _, _) => new(name, ContextOrigin.Option, config.Get(name, "--context")),
            (_, { Length: > 0 } name, _) => new(name, ContextOrigin.Environment, config.Get(name, Variable)),
            (_, _, { } name) => new(name, ContextOrigin.File, config.Get(name, "config.json as the current one")),
            _ => null,
        };

    /// <summary>A token is sent to the address that it was stored for, and to no other.</summary>
    public bool IsFor(Uri address) => Address.Origin(Context.Address) == Address.Origin(address);

    public override string ToString() => $"context \"{Name}\"";
}

internal enum ContextOrigin
{
    Option,
    Environment,
    File,
}
