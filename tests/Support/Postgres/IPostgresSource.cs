namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>A server that tests may create databases on.</summary>
internal interface IPostgresSource : IAsyncDisposable
{
    string Description { get; }

    /// <summary>Unpooled, to a database that exists, by a user who may create others.</summary>
    string AdminConnectionString { get; }

    /// <summary>The server goes away at the end, and its databases with it.</summary>
    bool IsThrownAway { get; }
}
