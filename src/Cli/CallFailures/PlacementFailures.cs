using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>A workspace that its provider doesn't take: each cause on its line, and who would take it.</summary>
internal static class PlacementFailures
{
    // The message that comes along tells the same in one long line.
    public static Failure From(
        IReadOnlyList<RuleViolation> causes,
        IReadOnlyDictionary<string, string> metadata,
        Subject subject
    )
    {
        if (metadata.TryGetValue(ErrorMetadata.Region, out var region))
            return OfRegion(region, causes, Names(metadata, ErrorMetadata.WouldDoElsewhere), subject);
        var others = Names(metadata, ErrorMetadata.WouldDo);
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
            Tips = [.. others.Length > 0 ? [$"name one of them: --provider {others[0]}"] : Remedies(causes, subject)],
        };
    }

    // No provider was named, and none of the region takes it: those elsewhere are named without the region.
    private static Failure OfRegion(
        string region,
        IReadOnlyList<RuleViolation> causes,
        string[] elsewhere,
        Subject subject
    ) =>
        new($"no provider in region \"{region}\" can take the workspace", ExitCodes.Refused)
        {
            Reason = ErrorReasons.PlacementRefused,
            Details =
            [
                .. causes.Select(c => $"{c.Type}: {c.Description}"),
                elsewhere.Length > 0
                    ? $"outside this region these would do: {string.Join(", ", elsewhere)}"
                    : "no provider of another region would do now either",
            ],
            Tips =
            [
                .. elsewhere.Length > 0
                    ? [$"name one of them instead of the region: --provider {elsewhere[0]}"]
                    : Remedies(causes, subject),
            ],
        };

    // Nothing else would do, so the causes themselves have to go.
    private static IEnumerable<string> Remedies(IEnumerable<RuleViolation> causes, Subject subject) =>
        causes
            .Select(cause => Remedy(cause, subject))
            .OfType<string>()
            .Distinct()
            .Append(
                $"`mesh providers ls` shows how they are, `mesh orgs show {subject.Organization}` which are allowed"
            );

    private static string? Remedy(RuleViolation cause, Subject subject) =>
        cause.Type switch
        {
            "CORDONED" => $"an admin ends the cordon: mesh providers uncordon {cause.Subject}",
            "NOT_ALLOWED" => $"an admin allows it: mesh orgs allow {subject.Organization} {cause.Subject}",
            "NOT_READY" => $"what it lacks: mesh providers show {cause.Subject}",
            "AT_CAPACITY" => $"an admin raises its maximum: mesh providers update {cause.Subject} --max-workspaces N",
            _ => null,
        };

    private static string[] Names(IReadOnlyDictionary<string, string> metadata, string key) =>
        metadata
            .GetValueOrDefault(key, "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
