using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Marten;
using Marten.Exceptions;
using Npgsql;
using Provider = Coder.Mesh.ControlPlane.Providers.Provider;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Creates the initial state of a deployment: its id, the built-in provider, an organization that may use it, and the
/// first tokens. Token files are written first and everything else in one transaction, so that a start that is killed
/// leaves nothing half done.
/// </summary>
internal sealed class FirstStart(
    StoreSessions sessions,
    NpgsqlDataSource database,
    ApiTokens api,
    TimeProvider time,
    ILogger<FirstStart> logger
)
{
    public const string BuiltInProviderName = "built-in";
    public const string DefaultOrganizationName = "default";

    private sealed record FirstTokens(string Admin, string Agent);

    /// <returns>True if this was the deployment's first start.</returns>
    public async Task<bool> Ensure(string dataFolder, CancellationToken ct)
    {
        if (await IsDone(ct))
            return false;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await LockOthersOut(connection, ct);
        if (await IsDone(ct))
            return false;

        var files = new TokenFiles(dataFolder);
        var tokens = TryKeep(files, dataFolder);
        var deployment = Ids.New(time);
        try
        {
            await using var session = sessions.Write(Actor.FirstStart.Stored, transaction);
            Begin(session, deployment, tokens);
            await session.SaveChangesAsync(ct);
            await sessions.Commit(transaction, ct);
        }
        catch (ExistingStreamIdCollisionException)
        {
            // Another replica, of a version that does not take the lock, was first. The written tokens are invalid.
            files.Discard();
            return false;
        }

        logger.FirstStart(deployment);
        if (tokens is not null)
        {
            logger.TokenWritten("admin", files.Admin);
            logger.TokenWritten("built-in agent", files.BuiltInAgent);
        }

        return true;
    }

    // Prevents replicas with the same folder from overwriting each other's files. Released at the end of the
    // transaction.
    private static async Task LockOthersOut(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select pg_advisory_xact_lock(hashtextextended('mesh.first-start', 0))",
            connection
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<bool> IsDone(CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadAsync<MeshDeployment>(StreamKeys.Deployment, ct) is not null;
    }

    /// <returns>Null if the files cannot be written; then no tokens are created.</returns>
    private FirstTokens? TryKeep(TokenFiles files, string dataFolder)
    {
        var tokens = new FirstTokens(Tokens.Create(TokenKind.Api), Tokens.Create(TokenKind.Provider));
        try
        {
            files.Write(files.Admin, tokens.Admin);
            files.Write(files.BuiltInAgent, tokens.Agent);
            return tokens;
        }
        catch (Exception e) when (TokenFiles.CannotWrite(e))
        {
            files.Discard();
            logger.TokensNotWritten(dataFolder, e.Message);
            return null;
        }
    }

    private void Begin(IDocumentSession session, string deployment, FirstTokens? tokens)
    {
        var at = time.GetUtcNow();
        var (provider, organization) = (Ids.New(time), Ids.New(time));
        session.Events.StartStream<MeshDeployment>(
            StreamKeys.Deployment,
            new DeploymentInitialized(deployment, at),
            new DefaultProviderSet(provider)
        );
        List<ProviderEvent> registered =
        [
            new ProviderRegistered(provider, BuiltInProviderName, ProviderKind.BuiltIn, new ProviderDetails(), at),
        ];
        if (tokens is not null)
        {
            var issued = new ProviderTokenIssued(Ids.New(time), Tokens.Hash(tokens.Agent), at);
            registered.Add(issued);
            session.Insert(ProviderWrites.RecordOf(provider, issued), api.RecordOf(tokens.Admin, ApiTokens.Admin));
        }

        session.Events.StartStream<Provider>(StreamKeys.Provider(provider), registered);
        session.Events.StartStream<ProviderPresence>(StreamKeys.Presence(provider), new PresenceStarted(provider, at));
        session.Events.StartStream<Organization>(
            StreamKeys.Organization(organization),
            new OrganizationCreated(organization, DefaultOrganizationName, at),
            new ProviderAllowed(provider)
        );
    }
}
