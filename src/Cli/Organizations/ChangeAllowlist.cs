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
            new MeshCommand("allow", "Let an organization use a provider.", "mesh orgs allow acme us-east-1")
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
                "Take a provider from an organization that has no unfinished workspace there and may use another one.",
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
        return Tell(
            run,
            answer.Unchanged,
            $"organization \"{answer.Organization.Name}\" may use provider \"{provider}\" already",
            $"organization \"{answer.Organization.Name}\" may use provider \"{provider}\"",
            answer.Organization
        );
    }

    private async Task<int> Disallow(Invocation run, CancellationToken ct)
    {
        var (organization, provider) = Named(run);
        var request = new DisallowProviderRequest { Organization = organization, Provider = provider };
        var answer = await run.Client.Organizations.DisallowProviderAsync(request, cancellationToken: ct);
        return Tell(
            run,
            answer.Unchanged,
            $"organization \"{answer.Organization.Name}\" may not use provider \"{provider}\" anyway",
            $"organization \"{answer.Organization.Name}\" may no longer use provider \"{provider}\"",
            answer.Organization
        );
    }

    private (string Organization, string Provider) Named(Invocation run) =>
        (run.Line.GetRequiredValue(_organization), run.Line.GetRequiredValue(_provider));

    private static int Tell(Invocation run, bool unchanged, string already, string done, Organization organization)
    {
        run.Output.Change(unchanged, already, done, $"it may use: {OrganizationText.Providers(organization)}");
        if (run.WantsData)
            run.Data(Json.Of(organization));
        return ExitCodes.Ok;
    }
}
