namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>The embedded PostgreSQL can't run. The message is for people: what is wrong and what to do; print it without a stack trace.</summary>
public sealed class EmbeddedPostgresException : Exception
{
    public EmbeddedPostgresException() { }

    public EmbeddedPostgresException(string message)
        : base(message) { }

    public EmbeddedPostgresException(string message, Exception innerException)
        : base(message, innerException) { }
}
