using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Colours of the words for statuses and states; they only repeat what the word says.</summary>
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
