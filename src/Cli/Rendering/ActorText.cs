using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Who has done something, in a table's cell.</summary>
internal static class ActorText
{
    /// <summary>What a control plane of 0.1 writes before an agent's id; it doesn't tell the kind.</summary>
    private const string AgentPrefix = "agent:";

    // A provider or workspace has one agent: its id, which JSON has, tells nothing new.
    public static string Who(ActorKind kind, string actor) =>
        kind switch
        {
            ActorKind.Agent => "agent",
            ActorKind.Unspecified when actor.StartsWith(AgentPrefix, StringComparison.Ordinal) => "agent",
            _ => Text.OrNone(actor),
        };
}
