using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Formats an actor for a table.</summary>
internal static class ActorText
{
    /// <summary>The prefix that control planes of version 0.1 write before the id of an agent.</summary>
    private const string AgentPrefix = "agent:";

    // The id of the agent is omitted, since there is only one; JSON has it.
    public static string Who(ActorKind kind, string actor) =>
        kind switch
        {
            ActorKind.Agent => "agent",
            ActorKind.Unspecified when actor.StartsWith(AgentPrefix, StringComparison.Ordinal) => "agent",
            _ => Text.OrNone(actor),
        };
}
