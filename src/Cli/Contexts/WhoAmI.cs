using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh whoami`: who calls which control plane, with which token.</summary>
internal static class WhoAmI
{
    public static Command Make(CliHost host) =>
        host.Runs(
            new MeshCommand(
                "whoami",
                "Show which control plane commands call, with which token, whether it is accepted, and as which user.",
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
                $"there is no organization \"{access.Organization!.Name}\"",
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
            ["user"] = Text.Steerless(caller?.User ?? ""),
            ["tokenId"] = Text.Steerless(caller?.TokenId ?? ""),
            ["context"] = Text.Steerless(access.Context?.Name ?? ""),
            ["address"] = run.Target.Origin,
            ["addressOrigin"] = Text.Steerless(run.Target.AddressOrigin),
            ["tokenOrigin"] = Text.Steerless(run.Target.TokenOrigin),
            ["organization"] = Text.Steerless(access.Organization?.Name ?? ""),
            ["organizationOrigin"] = Text.Steerless(access.Organization?.Origin ?? ""),
            ["organizationMissing"] = organizationMissing,
            ["deployment"] = Text.Steerless(deployment.Id),
            ["version"] = Text.Steerless(deployment.Version),
        };

    private static Fields Facts(
        Invocation run,
        Access access,
        Principal? caller,
        V1.Deployment deployment,
        bool organizationMissing
    ) =>
        new Fields()
            .Add("User", caller?.User ?? "not told: the control plane is older than this mesh")
            .Add("Context", access.Context?.Name)
            .Add("Address", $"{run.Target.Origin}, from {run.Target.AddressOrigin}")
            .Add("Token", $"from {run.Target.TokenOrigin}; accepted")
            .Add("Token id", caller?.TokenId)
            .Add(
                "Organization",
                access.Organization is { } organization
                    ? $"{organization.Name}, from {organization.Origin}{(organizationMissing ? "; there is no such organization" : "")}"
                    : null
            )
            .Add("Deployment", deployment.Id)
            .Add("Version", Text.ShortCommits(deployment.Version));
}
