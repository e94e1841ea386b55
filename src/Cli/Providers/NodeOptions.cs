using System.CommandLine;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>The options that select the nodes of a provider's workspaces, with the syntax of kubectl.</summary>
internal static class NodeOptions
{
    public const string NoAffinity = "none";
    public const string DefaultAffinity = "default";

    private const string Any = "*";

    public static Option<string[]> Tolerations() =>
        new("--toleration")
        {
            Description = "Taint that its workspaces tolerate; repeatable; a key alone matches any value, * any taint",
            HelpName = "KEY[=value][:effect]",
        };

    public static Option<string[]> NodeSelector() =>
        KeyValues.Option(
            "--node-selector",
            [],
            "LABEL=value",
            "Label that the nodes of its workspaces must have; repeatable",
            clearable: true
        );

    public static Option<string> Affinity()
    {
        var option = new Option<string>("--affinity")
        {
            Description =
                $"File with a Kubernetes Affinity as JSON, or '{NoAffinity}' [default: '{DefaultAffinity}', which prefers nodes that run workspaces]",
            HelpName = "file",
        };
        option.Validators.Add(CheckFile);
        return option;
    }

    /// <summary>Parses a taint as written for `kubectl taint`.</summary>
    public static Toleration Toleration(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (taint, effect) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        var equals = taint.IndexOf('=', StringComparison.Ordinal);
        return equals < 0
            ? new Toleration
            {
                Key = taint == Any ? "" : taint,
                Operator = "Exists",
                Effect = effect,
            }
            : new Toleration
            {
                Key = taint[..equals],
                Operator = "Equal",
                Value = taint[(equals + 1)..],
                Effect = effect,
            };
    }

    /// <summary>Formats a toleration in the same syntax.</summary>
    public static string Text(Toleration toleration)
    {
        var taint = toleration.Operator == "Exists" ? toleration.Key : $"{toleration.Key}={toleration.Value}";
        var effect = toleration.Effect.Length > 0 ? $":{toleration.Effect}" : "";
        var limit = toleration.HasTolerationSeconds ? $" for {toleration.TolerationSeconds} s" : "";
        return $"{(taint.Length > 0 ? taint : Any)}{effect}{limit}";
    }

    /// <summary>Null for the default.</summary>
    public static string? AffinityOf(string given) =>
        given switch
        {
            "" or DefaultAffinity => null,
            NoAffinity => "{}",
            _ => File.ReadAllText(given),
        };

    private static void CheckFile(OptionResult result)
    {
        if (result.Tokens is not [{ Value: not ("" or DefaultAffinity or NoAffinity) and var path }])
            return;
        try
        {
            // Read again for the request; checked here so that no call is made if the file cannot be read.
            using var _ = File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            result.AddError(
                $"--affinity: {e.Message} Give a file with a Kubernetes Affinity as JSON, {NoAffinity}, or {DefaultAffinity}."
            );
        }
    }
}
