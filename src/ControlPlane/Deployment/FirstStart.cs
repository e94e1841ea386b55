using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Marten.Exceptions;
using Provider = Coder.Mesh.ControlPlane.Providers.Provider;

namespace Coder.Mesh.ControlPlane.Deployment;

/// <summary>Makes what a deployment begins with: its id, the built-in provider, and an organization that may use it.</summary>
internal sealed class FirstStart(StoreSessions sessions, TimeProvider time, ILogger<FirstStart> logger)
{
    public const string BuiltInProviderName = "built-in";
    public const string DefaultOrganizationName = "default";

    /// <returns>True if this was the deployment's first start.</returns>
    public async Task<bool> Ensure(CancellationToken ct)
    {
        await using var session = sessions.Write("first-start");
        if (await session.LoadAsync<MeshDeployment>(StreamKeys.Deployment, ct) is not null)
            return false;
        var at = time.GetUtcNow();
        var (deployment, provider, organization) = (Ids.New(time), Ids.New(time), Ids.New(time));
        session.Events.StartStream<MeshDeployment>(
            StreamKeys.Deployment,
            new DeploymentInitialized(deployment, at),
            new DefaultProviderSet(provider)
        );
        session.Events.StartStream<Provider>(
            StreamKeys.Provider(provider),
            new ProviderRegistered(provider, BuiltInProviderName, ProviderKind.BuiltIn, new ProviderDetails(), at)
        );
        session.Events.StartStream<ProviderPresence>(StreamKeys.Presence(provider), new PresenceStarted(provider, at));
        session.Events.StartStream<Organization>(
            StreamKeys.Organization(organization),
            new OrganizationCreated(organization, DefaultOrganizationName, at),
            new ProviderAllowed(provider)
        );
        try
        {
            await session.SaveChangesAsync(ct);
        }
        catch (ExistingStreamIdCollisionException)
        {
            // Another replica's first start was first.
            return false;
        }

        logger.FirstStart(deployment);
        return true;
    }
}
