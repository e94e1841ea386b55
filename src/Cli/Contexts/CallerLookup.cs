using Coder.Mesh.Cli.Commands;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>Asks the control plane who calls it.</summary>
internal static class CallerLookup
{
    /// <returns>Null if the control plane does not support this call.</returns>
    public static async Task<Principal?> FindCaller(this Invocation run, CancellationToken ct)
    {
        try
        {
            return (await run.Client.Tokens.GetCallerAsync(new GetCallerRequest(), cancellationToken: ct)).Caller;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented)
        {
            return null;
        }
    }
}
