namespace Coder.Mesh.ControlPlane.Storage;

internal enum ActorKind
{
    User,
    Agent,
    ControlPlane,
}

/// <summary>The author of events. Stored with each event as one word.</summary>
/// <param name="Id">
/// The user's name, the id of the agent's provider, or the name of a part of the control plane.
/// </param>
internal readonly record struct Actor(ActorKind Kind, string Id)
{
    private const string AgentPrefix = "agent:";

    public static readonly Actor FirstStart = new(ActorKind.ControlPlane, "first-start");

    /// <summary>Creates the tokens of the built-in agent.</summary>
    public static readonly Actor Local = new(ActorKind.ControlPlane, "local");

    /// <summary>Continues from what clusters hold after the database was restored from an older copy.</summary>
    public static readonly Actor Restore = new(ActorKind.ControlPlane, "restore");

    private static readonly Actor[] Parts = [FirstStart, Local, Restore];

    public static Actor Agent(string providerId) => new(ActorKind.Agent, providerId);

    /// <summary>The stored form.</summary>
    public string Stored => Kind == ActorKind.Agent ? AgentPrefix + Id : Id;

    /// <returns>Null for events without an author.</returns>
    public static Actor? Of(string? stored) =>
        string.IsNullOrEmpty(stored) ? null
        : stored.StartsWith(AgentPrefix, StringComparison.Ordinal) ? Agent(stored[AgentPrefix.Length..])
        : Array.Exists(Parts, p => p.Id == stored) ? new Actor(ActorKind.ControlPlane, stored)
        : new Actor(ActorKind.User, stored);
}
