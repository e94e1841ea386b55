using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs allow` and `disallow`.</summary>
internal sealed class ChangeAllowlist
{
    private readonly Argument<string> _organization = new("organization")
    {
        Description = "Name or id of the organization",
    };
    private readonly Argument<string> _provider = new("provider") { Description = "Name or id of the provider" };

    public static Command MakeAllow(CliHost host)
    {
        var parts = new ChangeAllowlist();
        return host.Calls(
            new MeshCommand("allow", "Allow an organization to use a provider.", "mesh orgs allow acme us-east-1")
            {
                parts._organization,
                parts._provider,
            },
            parts.Allow
        );
    }

    public static Command MakeDisallow(CliHost host)
    {
        var parts = new ChangeAllowlist();
        return host.Calls(
            new MeshCommand(
                "disallow",
                "Stop an organization from using a provider. It must have no unfinished workspaces there, and another provider.",
                "mesh orgs disallow acme us-east-1"
            )
            {
                parts._organization,
                parts._provider,
            },
            parts.Disallow
        );
    }

    private async Task<int> Allow(Invocation run, CancellationToken ct)
    {
        var (organization, provider) = Named(run);
        var request = new AllowProviderRequest { Organization = organization, Provider = provider };
        var answer = await run.Client.Organizations.AllowProviderAsync(request, cancellationToken: ct);
        return Report(
            run,
            answer.Unchanged,
            $"organization/{answer.Organization.Name} unchanged: already allowed to use provider {provider}",
            $"organization/{answer.Organization.Name} updated: allowed to use provider {provider}",
            answer.Organization
        );
    }

    private async Task<int> Disallow(Invocation run, CancellationToken ct)
    {
        var (organization, provider) = Named(run);
        var request = new DisallowProviderRequest { Organization = organization, Provider = provider };
        var answer = await run.Client.Organizations.DisallowProviderAsync(request, cancellationToken: ct);
        return Report(
            run,
            answer.Unchanged,
            $"organization/{answer.Organization.Name} unchanged: not allowed to use provider {provider}",
            $"organization/{answer.Organization.Name} updated: no longer allowed to use provider {provider}",
            answer.Organization
        );
    }

    private (string Organization, string Provider) Named(Invocation run) =>
        (run.Line.GetRequiredValue(_organization), run.Line.GetRequiredValue(_provider));

    private static int Report(Invocation run, bool unchanged, string already, string done, Organization organization)
    {
        run.Output.Change(unchanged, already, done, $"providers: {OrganizationText.Providers(organization)}");
        if (run.WantsData)
            run.Data(Json.Of(organization));
        return ExitCodes.Ok;
    }
}
