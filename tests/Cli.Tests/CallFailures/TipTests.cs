using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.CallFailures;

/// <summary>
/// Commands in the tips of refused calls can be run as they stand: they name what the command line named.
/// </summary>
public sealed class TipTests : CliTest
{
    [Theory]
    [InlineData("workspaces create dev", ErrorReasons.WorkspaceExists, "mesh workspaces show dev`")]
    [InlineData(
        "workspaces create dev --org acme --owner jo",
        ErrorReasons.WorkspaceExists,
        "mesh workspaces show dev --org acme --owner jo`"
    )]
    [InlineData(
        "providers orphans adopt eu 0198 --name web",
        ErrorReasons.WorkspaceExists,
        "mesh workspaces show web`"
    )]
    [InlineData("providers orphans adopt eu 0198", ErrorReasons.WorkspaceExists, "mesh workspaces show NAME`")]
    [InlineData("workspaces start dev web", ErrorReasons.WorkspaceDeleting, "mesh workspaces rm web --yes --wait`")]
    [InlineData("providers set-default eu", ErrorReasons.ProviderCordoned, "mesh providers uncordon eu`")]
    [InlineData(
        "providers orphans adopt eu 0198",
        ErrorReasons.OrphanNotFound,
        "mesh providers orphans ls eu` lists orphans"
    )]
    [InlineData(
        "providers orphans rm eu 0198 --yes",
        ErrorReasons.OrphanNotFound,
        "mesh providers orphans ls eu` lists orphans"
    )]
    public async Task They_name_what_was_named(string command, string reason, string tip)
    {
        Server.Failure = FakeControlPlane.Rich(StatusCode.FailedPrecondition, "No.", reason);

        var run = await Mesh.Run(command.Split(' '));

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"`{tip}", run.Stderr, StringComparison.Ordinal);
    }
}
