using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Commands of admins on providers that do more than <see cref="ProviderWrites"/>, except those on tokens and removals.
/// </summary>
internal sealed class ProviderCommands(ProviderWrites writes, ProviderNames names, TimeProvider time)
{
    public async Task<Result<WriteResult>> Rename(
        WriteContext context,
        string reference,
        string name,
        string etag,
        CancellationToken ct
    )
    {
        var renamed = await writes.Change(context, reference, etag, new RenameProvider(name), ct, NameExists(name));
        if (renamed is { Error: null, Value: (var id, false, _) })
            names.Renamed(id, name);
        return renamed;
    }

    public Task<Result<WriteResult>> SetDefault(WriteContext context, string reference, CancellationToken ct) =>
        writes.Run(
            context,
            reference,
            locked: true,
            (session, id, token) => SetDefault(session, reference, id, token),
            ct
        );

    /// <summary>Binds the provider to the cluster of the agent that was refused last.</summary>
    public Task<Result<WriteResult>> AcceptCluster(
        WriteContext context,
        string reference,
        string namespaceUid,
        CancellationToken ct
    ) =>
        writes.Run(
            context,
            reference,
            locked: false,
            (session, id, token) => AcceptCluster(session, id, namespaceUid, token),
            ct,
            NamespaceTaken
        );

    public static Func<string, Error?> NameExists(string name) =>
        index => index == Indexes.ProviderNameIndex ? ProviderDecider.NameExists(name) : null;

    private static async Task<Outcome> SetDefault(
        WriteSession session,
        string reference,
        string providerId,
        CancellationToken ct
    )
    {
        var provider = await session.Documents.LoadAsync<Provider>(StreamKeys.Provider(providerId), ct);
        if (!provider!.Matches(reference))
            return new Outcome.Conflict();
        if (ProviderDecider.Decide(provider, new MakeDefault()).Error is { } error)
            return error;
        var stream = await session.Documents.Events.FetchForWriting<MeshDeployment>(StreamKeys.Deployment, ct);
        if (stream.Aggregate!.DefaultProviderId == providerId)
            return new Outcome.Done(providerId) { Unchanged = true };
        stream.AppendOne(new DefaultProviderSet(providerId));
        return new Outcome.Done(providerId);
    }

    private async Task<Outcome> AcceptCluster(
        WriteSession session,
        string providerId,
        string namespaceUid,
        CancellationToken ct
    )
    {
        var provider = await session.Documents.LoadAsync<Provider>(StreamKeys.Provider(providerId), ct);
        var key = StreamKeys.Presence(providerId);
        var stream = await session.Documents.Events.FetchForWriting<ProviderPresence>(key, ct);
        var presence = stream.Aggregate!;
        var decision = Admission.Accept(provider!.Name, presence, namespaceUid, time.GetUtcNow());
        if (decision.Error is { } error)
            return error;
        stream.AppendMany(decision.Events);
        var previous = presence.NamespaceUid ?? "";
        return new Outcome.Done(providerId, new AcceptClusterResponse { PreviousNamespaceUid = previous });
    }

    private static Error? NamespaceTaken(string index) =>
        index == Indexes.NamespaceIndex
            ? Error.Precondition(
                ErrorReasons.NamespaceTaken,
                "Another provider has been bound to that namespace; give its agent that provider's token, or another namespace."
            )
            : null;
}
