namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>
/// The embedded PostgreSQL cannot run. The message says what is wrong and what to do; print it without a
/// stack trace.
/// </summary>
public sealed class EmbeddedPostgresException : Exception
{
    public EmbeddedPostgresException() { }

    public EmbeddedPostgresException(string message)
        : base(message) { }

    public EmbeddedPostgresException(string message, Exception innerException)
        : base(message, innerException) { }
}
