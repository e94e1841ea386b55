using System.Text.Json;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Removes fields from the pod template of a Deployment that the agent has not set and that server-side apply keeps.
/// Fields that another manager applies, or that are added repeatedly, stay and are reported, unless ownership is to be
/// taken over.
/// </summary>
internal sealed class TemplateCleanup(
    KubernetesApi api,
    DriverIdentity identity,
    WorkspaceDesired desired,
    ReclaimLimiter reclaims
)
{
    // Controllers write the status of a Deployment as soon as it is changed.
    private const int MaxTries = 8;

    private const int MaxFields = 5;

    private readonly string _name = Names.Object(desired.WorkspaceId);

    /// <param name="applied">The Deployment as the API server returned it for the apply.</param>
    /// <param name="takesOwnership">
    /// Whether the user has requested that fields of other managers are taken over.
    /// </param>
    /// <returns>The remaining fields as a refusal; null if there are none.</returns>
    /// <exception cref="ApiException">The API server refused.</exception>
    public async Task<ClusterRefusal?> Run(
        DeploymentContent applied,
        V1PodSpec pod,
        bool takesOwnership,
        CancellationToken ct
    )
    {
        var wanted = JsonSerializer.SerializeToElement(pod, ManifestJsonContext.Default.V1PodSpec);
        for (var tries = 1; ; tries++)
        {
            var extras = Extras(applied, wanted);
            if (extras.Count == 0)
                return null;
            if (!takesOwnership && (extras.Any(e => e.Applied) || !reclaims.Allows(desired.WorkspaceId)))
                return Refusal(extras);
            try
            {
                var replaced = await Replace(applied, wanted, ct);
                // A webhook that adds the field again must not cause an endless loop.
                reclaims.Done(desired.WorkspaceId);
                return Extras(replaced, wanted) is { Count: > 0 } left ? Refusal(left) : null;
            }
            catch (ApiException e) when (e.Stale && tries < MaxTries)
            {
                var now = await api.Get(ApiResource.DeploymentContents, _name, ct);
                if (now is null || ObservedStates.Number(now.Metadata.Annotations?.Generation) != desired.Generation)
                    throw;
                applied = now;
            }
        }
    }

    private IReadOnlyList<ExtraField> Extras(DeploymentContent content, JsonElement wanted) =>
        TemplateExtras.Of(content, wanted, m => m.StartsWith(Names.FieldManager(identity), StringComparison.Ordinal));

    private Task<DeploymentContent> Replace(DeploymentContent read, JsonElement wanted, CancellationToken ct) =>
        api.Patch(
            ApiResource.DeploymentContents,
            _name,
            [
                // The API server compares it with the current version.
                new("replace", "/metadata/resourceVersion", JsonElement.Parse($"\"{read.Metadata.ResourceVersion}\"")),
                new("replace", "/spec/template/spec", wanted),
            ],
            Names.FieldManager(identity),
            ct
        );

    private static ClusterRefusal Refusal(IReadOnlyList<ExtraField> extras) =>
        new(
            ClusterCodes.FieldConflict,
            $"The pod template has fields that the workspace does not set: "
                + string.Join(
                    "; ",
                    extras
                        .GroupBy(e => e.Manager, e => e.Path)
                        .Select(g =>
                            $"{(g.Key is null ? "something that is not recorded, such as an admission webhook," : $"field manager \"{g.Key}\"")} "
                            + $"has added {Text([.. g])}"
                        )
                )
        );

    private static string Text(IReadOnlyList<string> paths) =>
        paths.Count <= MaxFields
            ? string.Join(", ", paths)
            : $"{string.Join(", ", paths.Take(MaxFields))} and {paths.Count - MaxFields} more";
}
