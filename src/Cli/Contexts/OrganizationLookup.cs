using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>Checks whether an organization exists.</summary>
internal static class OrganizationLookup
{
    /// <returns>False also if this cannot be determined, for example without permission.</returns>
    public static async Task<bool> IsMissing(this Invocation run, string organization, CancellationToken ct)
    {
        try
        {
            var request = new GetOrganizationRequest { Organization = organization };
            await run.Client.Organizations.GetOrganizationAsync(request, cancellationToken: ct);
            return false;
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            return e is MeshException { Reason: ErrorReasons.OrganizationNotFound };
        }
    }
}
