using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Describes why a database cannot be used and what to do, never with a password. Pure functions.</summary>
internal static class DatabaseProblem
{
    private const string Setting = "ConnectionStrings__Mesh";

    /// <returns>Null if the exception does not concern the database.</returns>
    public static string? Of(Exception exception, string connectionString)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var server = Server(given);
        var causes = StoreFailure.Causes(exception).ToList();
        if (causes.OfType<DatabaseTooOldException>().FirstOrDefault() is { } old)
            return $"PostgreSQL at {server} is version {old.Version}; version {DatabaseTooOldException.Oldest} or newer is needed.";
        if (causes.OfType<PostgresException>().FirstOrDefault() is { } answer)
            return Answered(answer, given, server);
        var socket = causes.OfType<SocketException>().FirstOrDefault();
        // Only the database is addressed by a host name; all listeners have numeric addresses.
        if (socket?.SocketErrorCode is SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData)
            return NotReached(server, socket);
        if (causes.OfType<NpgsqlException>().FirstOrDefault() is not { } failure)
            return null;
        if (causes.OfType<AuthenticationException>().FirstOrDefault() is { } tls)
            return $"TLS with PostgreSQL at {server} failed: {tls.Message} Check SSL Mode and Root Certificate in {Setting}.";
        if (socket is not null)
            return NotReached(server, socket);
        if (causes.Any(c => c is TimeoutException))
            return $"PostgreSQL at {server} did not answer in time. Check Host and Port in {Setting}, and the network.";
        // Npgsql's message if each server answered or was known before.
        if (failure.Message.StartsWith("No suitable host", StringComparison.Ordinal))
            return $"No PostgreSQL server at {server} is a primary. Check Host and Target Session Attributes in {Setting}.";
        return $"PostgreSQL at {server} can't be used: {Sentence(failure.Message)} Check {Setting}.";
    }

    /// <returns>Null if the text is a valid connection string; else the problem, without its values.</returns>
    public static string? OfText(string connectionString)
    {
        try
        {
            var given = new NpgsqlConnectionStringBuilder(connectionString);
            return DatabaseServers.Problem(given) is { } problem ? $"{Setting}: {problem}." : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            var keyword = (e as ArgumentException)?.ParamName;
            var what =
                keyword is { Length: > 0 } && keyword.All(c => char.IsAsciiLetter(c) || c == ' ')
                    ? $"the keyword \"{keyword}\" is unknown, or its value can't be read"
                    : "it must be KEYWORD=VALUE pairs with ; between them, such as Host=db;Database=mesh;Username=mesh";
            return $"{Setting} is not a connection string of Npgsql: {what}.";
        }
    }

    private static string NotReached(string server, SocketException cause) =>
        $"PostgreSQL at {server} can't be reached: {cause.Message}. Check Host and Port in {Setting}, and that the server runs.";

    private static string Answered(PostgresException answer, NpgsqlConnectionStringBuilder given, string server)
    {
        // The default of Npgsql.
        var user = given.Username ?? Environment.UserName;
        var database = given.Database ?? user;
        return answer.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"PostgreSQL at {server} doesn't let \"{user}\" in: {answer.MessageText}. "
                    + $"Check Username, and Password or Passfile, in {Setting}.",
            PostgresErrorCodes.InvalidCatalogName => $"PostgreSQL at {server} has no database \"{database}\". "
                + $"Create it, as by createdb --owner {user} {database}, or name another by Database in {Setting}.",
            PostgresErrorCodes.InsufficientPrivilege =>
                $"PostgreSQL at {server} doesn't let \"{user}\" work in the database \"{database}\": {answer.MessageText}. "
                    + "The control plane creates a schema in it: make this user the owner of the database, or grant it CREATE on it.",
            _ => $"PostgreSQL at {server} answered: {answer.MessageText} ({answer.SqlState}).",
        };
    }

    private static string Server(NpgsqlConnectionStringBuilder given) =>
        given.Host switch
        {
            null or "" => $"localhost:{given.Port}",
            // A socket directory, a list of servers with ports, or an IPv6 address.
            var host
                when host.Contains('/', StringComparison.Ordinal) || host.Contains(':', StringComparison.Ordinal) =>
                host,
            var host => $"{host}:{given.Port}",
        };

    private static string Sentence(string text) => text.EndsWith('.') ? text : $"{text}.";
}

/// <summary>The server is older than the queries require.</summary>
internal sealed class DatabaseTooOldException(Version version) : Exception($"PostgreSQL {version} is too old")
{
    /// <summary>The oldest supported major version.</summary>
    public const int Oldest = 15;

    public Version Version => version;
}
