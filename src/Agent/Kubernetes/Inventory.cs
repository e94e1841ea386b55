using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Reconstructs the spec of a workspace from its objects. Pure functions.</summary>
internal static class Inventory
{
    // Entries of a snapshot are not split, so this must fit into the smallest frame; anybody can edit these objects.
    private const int MaxBytes = 16 * 1024;

    public static HeldWorkspace Describe(WorkspaceObjects objects)
    {
        var (deployment, claim) = (objects.Deployment, objects.Claim);
        var container = deployment?.Spec?.Template?.Spec?.Containers?.FirstOrDefault(c => c.Name == Names.Container);
        var held = new HeldWorkspace
        {
            Name = NameOf(deployment) ?? NameOf(claim) ?? "",
            Spec = new WorkspaceSpec
            {
                Image = container?.Image ?? "",
                Cpu = container?.Resources?.Limits?.Cpu ?? "",
                Memory = container?.Resources?.Limits?.Memory ?? "",
                Disk = claim?.Spec?.Resources?.Requests?.Storage ?? "",
                Command = { Own(container?.Command) },
                Env = { Own(container?.Env) },
                EnvFrom = { container?.EnvFrom?.Select(e => e.SecretRef?.Name).OfType<string>() ?? [] },
            },
            StorageClass = claim?.Spec?.StorageClassName ?? "",
            Generation = Math.Max(
                ObservedStates.Generation(deployment?.Metadata),
                ObservedStates.Generation(claim?.Metadata)
            ),
            RestartGeneration = ObservedStates.Number(deployment?.Spec?.Template?.Metadata?.Annotations?.Restart),
        };
        return held.CalculateSize() <= MaxBytes
            ? held
            : new HeldWorkspace { Generation = held.Generation, RestartGeneration = held.RestartGeneration };
    }

    private static string? NameOf(IClusterObject? item) => item?.Metadata.Annotations?.WorkspaceName;

    private static Dictionary<string, string> Own(IReadOnlyList<DeploymentObject.EnvVar>? env) =>
        (env ?? [])
            .Where(e =>
                e is not ({ Name: Names.NameVariable } or { Name: Names.HomeVariable, Value: Manifests.HomePath })
            )
            .DistinctBy(e => e.Name)
            .ToDictionary(e => e.Name, e => (e.Value ?? "").Replace("$$", "$", StringComparison.Ordinal));

    // The default command stands for an empty one, so that an adopted workspace gets the current default.
    private static IReadOnlyList<string> Own(IReadOnlyList<string>? command) =>
        command is null || command.SequenceEqual(Manifests.DefaultCommand) ? [] : command;
}
