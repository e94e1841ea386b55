using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>Describes why a workspace cannot be placed: each cause on a line, and the eligible providers.</summary>
internal static class PlacementFailures
{
    // The message of the error contains the same in one long line.
    public static Failure From(
        IReadOnlyList<RuleViolation> causes,
        IReadOnlyDictionary<string, string> metadata,
        Subject subject
    )
    {
        if (metadata.TryGetValue(ErrorMetadata.Region, out var region))
            return OfRegion(region, causes, Names(metadata, ErrorMetadata.EligibleElsewhere), subject);
        var others = Names(metadata, ErrorMetadata.EligibleProviders);
        return new Failure($"the workspace cannot be created on provider \"{causes[0].Subject}\"", ExitCodes.Refused)
        {
            Reason = ErrorReasons.PlacementRefused,
            Details =
            [
                .. causes.Select(c => $"{c.Type}: {c.Description}"),
                others.Length > 0
                    ? $"eligible providers: {string.Join(", ", others)}"
                    : "no other provider of the organization is eligible",
            ],
            Tips = [.. others.Length > 0 ? [$"choose one of them: --provider {others[0]}"] : Remedies(causes, subject)],
        };
    }

    // No provider was given, and none of the region is eligible.
    private static Failure OfRegion(
        string region,
        IReadOnlyList<RuleViolation> causes,
        string[] elsewhere,
        Subject subject
    ) =>
        new($"the workspace cannot be created in region \"{region}\": no provider is eligible", ExitCodes.Refused)
        {
            Reason = ErrorReasons.PlacementRefused,
            Details =
            [
                .. causes.Select(c => $"{c.Type}: {c.Description}"),
                elsewhere.Length > 0
                    ? $"eligible providers in other regions: {string.Join(", ", elsewhere)}"
                    : "no provider in another region is eligible",
            ],
            Tips =
            [
                .. elsewhere.Length > 0
                    ? [$"choose one of them instead of the region: --provider {elsewhere[0]}"]
                    : Remedies(causes, subject),
            ],
        };

    // No other provider is eligible, so the causes have to be removed.
    private static IEnumerable<string> Remedies(IEnumerable<RuleViolation> causes, Subject subject) =>
        causes
            .Select(cause => Remedy(cause, subject))
            .OfType<string>()
            .Distinct()
            .Append(
                $"`mesh providers ls` shows the status of providers, `mesh orgs show {subject.Organization}` those that are allowed"
            );

    private static string? Remedy(RuleViolation cause, Subject subject) =>
        cause.Type switch
        {
            "CORDONED" => $"an admin can uncordon it: mesh providers uncordon {cause.Subject}",
            "NOT_ALLOWED" => $"an admin can allow it: mesh orgs allow {subject.Organization} {cause.Subject}",
            "NOT_READY" => $"see why: mesh providers show {cause.Subject}",
            "AT_CAPACITY" => $"an admin can raise its limit: mesh providers update {cause.Subject} --max-workspaces N",
            _ => null,
        };

    private static string[] Names(IReadOnlyDictionary<string, string> metadata, string key) =>
        metadata
            .GetValueOrDefault(key, "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
