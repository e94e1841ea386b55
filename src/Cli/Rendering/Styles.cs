using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Colours of statuses and states. No information is conveyed by colour alone.</summary>
internal static class Styles
{
    public static Style Of(string cell)
    {
        var word = cell.Split(' ', 2)[0];
        return word switch
        {
            "ready" or "running" => new Style(Color.Green),
            "error" or "failed" or "lost" or "false" => new Style(Color.Red),
            "pending" or "starting" or "stopping" or "deleting" or "unknown" => new Style(Color.Yellow),
            _ => Style.Plain,
        };
    }
}
