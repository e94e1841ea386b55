using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers show`.</summary>
internal static class ShowProvider
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name or id of the provider");
        return host.Calls(
            new MeshCommand(
                "show",
                "Show one provider: status, details, its agent and the agent's readiness report.",
                "mesh providers show us-east-1",
                "mesh providers show us-east-1 -o json | jq -r .statusMessage"
            )
            {
                name,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(name), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string name, CancellationToken ct)
    {
        var answer = await run.Client.Providers.GetProviderAsync(
            new GetProviderRequest { Provider = name },
            cancellationToken: ct
        );
        var provider = answer.Provider;
        if (run.Json)
        {
            run.Output.Json(Json.Of(provider));
            return ExitCodes.Ok;
        }

        run.Output.Fields(Facts(provider, run.Time));
        if (provider.Conditions.Count > 0)
        {
            run.Output.Lines("");
            run.Output.Table(Conditions(provider, run.Time));
        }
        return ExitCodes.Ok;
    }

    private static Fields Facts(Provider p, TimeProvider time)
    {
        var facts = new Fields()
            .Add("Name", p.Name)
            .Add("Id", p.Id)
            .Add("Status", ProviderText.Status(p))
            .AddIfAny("Message", p.StatusMessage)
            .Add("Since", Text.Moment(p.StatusTime, time))
            .Add("Kind", Text.Word(p.Kind))
            .Add("Default", p.IsDefault ? "yes" : "no")
            .Add("Workspaces", p.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture))
            .Add("Region", p.Details?.Region)
            .Add("Hostname", p.Details?.Hostname)
            .Add("Cluster address", p.Details?.ClusterAddress)
            .Add("Storage class", p.Details?.StorageClass)
            .Add("Created", Text.Moment(p.CreateTime, time))
            .Add("Agent", ProviderText.Agent(p.Agent, time));
        return p.Agent is { } agent
            ? facts
                .Add("Agent version", agent.Version)
                .Add("Driver", agent.Driver)
                .Add("Namespace", agent.Namespace)
                .Add("Namespace UID", agent.NamespaceUid)
                .Add("Kubernetes", agent.KubernetesVersion)
                .Add("Epoch", agent.Epoch.ToString(CultureInfo.InvariantCulture))
            : facts;
    }

    private static Table Conditions(Provider p, TimeProvider time)
    {
        var table = new Table("CONDITION", "STATUS", "FOR", "CODE", "MESSAGE");
        foreach (var c in p.Conditions)
            table.Add(
                c.Type,
                Text.Word(c.Status),
                Text.Age(c.SinceTime, time),
                Text.OrNone(c.Code),
                Text.OrNone(c.Message)
            );
        return table;
    }
}
