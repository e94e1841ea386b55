using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh whoami`.</summary>
internal static class WhoAmI
{
    public static Command Make(CliHost host) =>
        host.Runs(
            new MeshCommand(
                "whoami",
                "Show the control plane, token and user of commands, and check that the token is accepted.",
                "mesh whoami",
                "mesh whoami --context prod -o json"
            ),
            (line, ct) =>
            {
                var access = Access.Find(line, host.Contexts, host.Env);
                return host.Call(access, line, (run, stop) => Run(run, access, stop), ct);
            }
        );

    private static async Task<int> Run(Invocation run, Access access, CancellationToken ct)
    {
        var caller = await run.FindCaller(ct);
        var missing = access.Organization is { } named && await run.IsMissing(named.Name, ct);
        var deployment = (await run.Client.Deployment.GetDeploymentAsync(new(), cancellationToken: ct)).Deployment;
        if (run.WantsData)
            run.Data(AsData(run, access, caller, deployment, missing));
        else
            run.Output.Fields(Facts(run, access, caller, deployment, missing));
        if (missing)
            run.Output.Warning(
                $"organization \"{access.Organization!.Name}\" not found",
                $"tip: {access.Organization.Undo}"
            );
        return ExitCodes.Ok;
    }

    private static JsonObject AsData(
        Invocation run,
        Access access,
        Principal? caller,
        V1.Deployment deployment,
        bool organizationMissing
    ) =>
        new()
        {
            ["user"] = Text.WithoutControls(caller?.User ?? ""),
            ["tokenId"] = Text.WithoutControls(caller?.TokenId ?? ""),
            ["context"] = Text.WithoutControls(access.Context?.Name ?? ""),
            ["address"] = run.Target.Origin,
            ["addressOrigin"] = Text.WithoutControls(run.Target.AddressOrigin),
            ["tokenOrigin"] = Text.WithoutControls(run.Target.TokenOrigin),
            ["organization"] = Text.WithoutControls(access.Organization?.Name ?? ""),
            ["organizationOrigin"] = Text.WithoutControls(access.Organization?.Origin ?? ""),
            ["organizationMissing"] = organizationMissing,
            ["deployment"] = Text.WithoutControls(deployment.Id),
            ["version"] = Text.WithoutControls(deployment.Version),
        };

    private static Fields Facts(
        Invocation run,
        Access access,
        Principal? caller,
        V1.Deployment deployment,
        bool organizationMissing
    ) =>
        new Fields()
            .Add("User", caller?.User ?? "unknown: the control plane is older than this mesh")
            .Add("Context", access.Context?.Name)
            .Add("Address", $"{run.Target.Origin}, from {run.Target.AddressOrigin}")
            .Add("Token", $"from {run.Target.TokenOrigin}; accepted")
            .Add("Token id", caller?.TokenId)
            .Add(
                "Organization",
                access.Organization is { } organization
                    ? $"{organization.Name}, from {organization.Origin}{(organizationMissing ? "; not found" : "")}"
                    : null
            )
            .Add("Deployment", deployment.Id)
            .Add("Version", Text.ShortCommits(deployment.Version));
}
