using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
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
                "Show one provider: status, cordon, details, organizations, tokens, its agent and the agent's readiness report.",
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
        var provider = await run.GetProvider(name, ct);
        if (run.WantsData)
        {
            run.Data(Json.Of(provider));
            return ExitCodes.Ok;
        }

        run.Output.Fields(Facts(provider, run.Time));
        if (Tokens(provider, run.Time) is { } tokens)
        {
            run.Output.Lines("");
            run.Output.Table(tokens);
        }
        if (Conditions(provider, run.Time) is { } conditions)
        {
            run.Output.Lines("");
            // They may have changed since.
            if (provider.Agent is { Attached: false } agent)
                run.Output.Lines(
                    $"Conditions as last reported {Text.Age(agent.SinceTime, run.Time)} ago; no agent is attached:"
                );
            run.Output.Table(conditions);
        }
        if (provider.OfferedCluster is not null)
            run.Output.Info(
                "an agent of another cluster or namespace was refused",
                $"tip: mesh providers accept-cluster {provider.Name}, if it has moved there"
            );
        if (provider.Orphans > 0)
            run.Output.Info(
                "its cluster has workspaces that the control plane does not know",
                $"tip: mesh providers orphans ls {provider.Name}"
            );
        return ExitCodes.Ok;
    }

    private static Fields Facts(Provider p, TimeProvider time)
    {
        var facts = new Fields()
            .Add("Name", p.Name)
            .Add("Id", p.Id)
            .Add("Status", ProviderText.Status(p))
            .AddIfAny("Message", p.StatusMessage)
            .Add("Since", Text.Moment(p.DeleteTime ?? p.StatusTime, time))
            .Add("Kind", Text.Word(p.Kind))
            .Add("Default", p.IsDefault ? "yes" : "no")
            .Add("Cordoned", Cordon(p.Cordon, time))
            .Add("Organizations", string.Join(", ", p.Organizations))
            .Add("Workspaces", ProviderText.Load(p))
            .AddIfAny("Orphans", p.Orphans > 0 ? p.Orphans.ToString(CultureInfo.InvariantCulture) : "")
            .AddDetails(p.Details)
            .Add("Created", Text.Moment(p.CreateTime, time))
            .Add("Agent", ProviderText.Agent(p.Agent, time));
        // The status message already contains this one.
        foreach (var refused in p.AgentRefusals)
            facts.Add(
                "Agent refused",
                refused.Message == p.StatusMessage
                    ? $"{refused.Reason}, {Text.Moment(refused.Time, time)}"
                    : $"{refused.Reason}, {Text.Moment(refused.Time, time)}: {refused.Message}"
            );
        if (p.Agent is { } agent)
            AddAgent(facts, agent);
        return p.OfferedCluster is { } offered
            ? facts
                .Add("Offered cluster", ProviderText.Namespace(offered.Namespace, offered.NamespaceUid))
                .Add("Offered", Text.Moment(offered.Time, time))
            : facts;
    }

    private static void AddAgent(Fields facts, ProviderAgent agent) =>
        facts
            .Add("Agent version", Text.ShortCommits(agent.Version))
            .AddIfAny("Dials", agent.AccessUrl)
            .Add("Driver", agent.Driver)
            .Add("Namespace", agent.Namespace)
            .Add("Namespace UID", agent.NamespaceUid)
            .Add("Kubernetes", agent.KubernetesVersion)
            .Add("Epoch", agent.Epoch.ToString(CultureInfo.InvariantCulture));

    private static string Cordon(Cordon? cordon, TimeProvider time) =>
        cordon is null
            ? "no"
            : $"by {Text.OrNone(cordon.User)} {Text.Age(cordon.Time, time)} ago: {Text.OrNone(cordon.Reason)}";

    private static Table? Tokens(Provider p, TimeProvider time)
    {
        if (p.Tokens.Count == 0)
            return null;
        var table = new Table("TOKEN", "ISSUED", "USED");
        foreach (var t in p.Tokens)
            table.Add(
                t.Id,
                Text.Moment(t.IssueTime, time),
                t.InUse ? "now"
                    : t.Used ? "earlier"
                    : "never"
            );
        return table;
    }

    private static Table? Conditions(Provider p, TimeProvider time)
    {
        if (p.Conditions.Count == 0)
            return null;
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
