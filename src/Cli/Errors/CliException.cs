namespace Coder.Mesh.Cli.Errors;

/// <summary>Ends a command with a failure that is shown without a stack trace.</summary>
internal sealed class CliException(Failure failure) : Exception(failure.Message)
{
    public Failure Failure => failure;
}
