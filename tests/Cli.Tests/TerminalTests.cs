using System.Text.RegularExpressions;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests;

public sealed partial class TerminalTests : CliTest
{
    [Fact]
    public void Table_fits_the_width_of_its_terminal_and_keeps_every_word()
    {
        using var text = new StringWriter();
        var table = new Table("NAME", "STATUS", "MESSAGE");
        table.Add("us-east-1", "error", "The agent may not create deployments in namespace dev, nor services.");

        table.Write(new Terminal(text, interactive: true, color: false, width: 40));

        var shown = Sequences().Replace(text.ToString(), "");
        Assert.All(shown.Split('\n'), line => Assert.True(line.Length <= 40, line));
        Assert.Contains("deployments", shown, StringComparison.Ordinal);
        Assert.Contains("services.", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminal_gets_colour_unless_it_is_not_wanted()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken()]);
        Mesh.Variables["TERM"] = "xterm-256color";
        const string list = "script -qec 'stty cols 80; \"$MESH\" providers ls' /dev/null";

        var coloured = await Mesh.Shell(list);
        Mesh.Variables["NO_COLOR"] = "1";
        var plain = await Mesh.Shell(list);

        Assert.Matches(Colour(), coloured.Stdout);
        Assert.DoesNotMatch(Colour(), plain.Stdout);
        var shown = Sequences().Replace(plain.Stdout, "").Replace("\r\n", "\n", StringComparison.Ordinal);
        Assert.All(shown.Split('\n'), line => Assert.True(line.Length <= 80, line));
        Expected.Match("terminal-providers-ls", shown);
    }

    [Fact]
    public async Task Terminal_sees_a_wait_go_and_its_end()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Server.Workspaces.Steps.Enqueue(w => w.State = V1.WorkspaceState.Starting);
        Server.Workspaces.Steps.Enqueue(w =>
        {
            w.State = V1.WorkspaceState.Running;
            w.ObservedGeneration = w.Generation;
        });
        Mesh.Variables["TERM"] = "xterm-256color";

        var run = await Mesh.Shell("script -qec '\"$MESH\" workspaces create dev --wait' /dev/null");

        var shown = Sequences().Replace(run.Stdout, "");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("dev: still starting", shown, StringComparison.Ordinal);
        Assert.Contains("success: workspace \"dev\" is running\r\n", shown, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\e\[[0-9;]*(3[0-9]|38;5;[0-9]+)m")]
    private static partial Regex Colour();

    [GeneratedRegex(@"\e(\[[0-9;?]*[A-Za-z]|[=>])")]
    private static partial Regex Sequences();
}
