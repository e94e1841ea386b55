using System.CommandLine;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Kubernetes;

namespace Coder.Mesh.Agent;

/// <summary><c>mesh-agent role</c>: prints what has to be in the cluster before an agent may work there.</summary>
internal static class RoleCommand
{
    public static Command Make()
    {
        var ns = new Option<string>(Setting.Namespace.Flag)
        {
            HelpName = Setting.Namespace.Placeholder,
            Description = "Namespace of the workspaces.",
            Required = true,
        };
        ns.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } name || !OptionsReader.IsNamespace(name))
                result.AddError($"{Setting.Namespace.Flag} must be {OptionsReader.NamespaceRule}.");
        });
        var command = new Command(
            "role",
            "Print the service account and the Role of an agent, as YAML for `kubectl apply -f -`."
        )
        {
            ns,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                await parsed.InvocationConfiguration.Output.WriteAsync(
                    RoleManifest.In(parsed.GetRequiredValue(ns)).AsMemory(),
                    ct
                );
                return 0;
            }
        );
        return command;
    }
}
