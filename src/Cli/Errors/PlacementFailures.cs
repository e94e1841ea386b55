using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;

namespace Coder.Mesh.Cli.Errors;

/// <summary>A workspace that its provider doesn't take: each cause on its line, and who would take it.</summary>
internal static class PlacementFailures
{
    // The message that comes along tells the same in one long line.
    public static Failure From(IReadOnlyList<RuleViolation> causes, IReadOnlyDictionary<string, string> metadata)
    {
        var others = metadata
            .GetValueOrDefault(ErrorMetadata.WouldDo, "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new Failure($"provider \"{causes[0].Subject}\" can't take the workspace", ExitCodes.Refused)
        {
            Reason = ErrorReasons.PlacementRefused,
            Details =
            [
                .. causes.Select(c => $"{c.Type}: {c.Description}"),
                others.Length > 0
                    ? $"these would do: {string.Join(", ", others)}"
                    : "no other provider of the organization would do now either",
            ],
            Tips =
            [
                others.Length > 0
                    ? $"name one of them: --provider {others[0]}"
                    : "`mesh providers ls` shows how they are, `mesh orgs show ORGANIZATION` which are allowed",
            ],
        };
    }
}
