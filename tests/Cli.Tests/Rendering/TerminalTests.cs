using System.Text.RegularExpressions;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.Cli.Tests.Workspaces;

namespace Coder.Mesh.Cli.Tests.Rendering;

public sealed partial class TerminalTests : CliTest
{
    [Fact]
    public void Table_fits_the_width_of_its_terminal_and_keeps_every_word()
    {
        using var text = new StringWriter();
        var table = new Table("NAME", "STATUS", "MESSAGE");
        table.Add("us-east-1", "error", "The agent may not create deployments in namespace dev, nor services.");

        table.Write(new Terminal(text, interactive: true, color: false, width: 40));

        var shown = PseudoTerminal.Plain(text.ToString());
        Assert.All(shown.Split('\n'), line => Assert.True(line.Length <= 40, line));
        Assert.Contains("deployments", shown, StringComparison.Ordinal);
        Assert.Contains("services.", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_stand_below_each_other_where_letters_are_two_cells_wide()
    {
        using var text = new StringWriter();
        var table = new Table("NAME", "REGION", "AGE");
        table.Add("eu-west-1", "eu", "1m");
        table.Add("jp-east-1", "東京リージョン", "2m");

        table.Write(new Terminal(text, interactive: false, color: false));

        Assert.Equal(
            """
            NAME        REGION           AGE
            eu-west-1   eu               1m
            jp-east-1   東京リージョン   2m

            """,
            text.ToString()
        );
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
    }

    [Theory]
    [InlineData(80, "providers-ls", "providers ls")]
    [InlineData(200, "providers-ls", "providers ls")]
    [InlineData(80, "providers-show", "providers show eu-west-1")]
    [InlineData(200, "providers-show", "providers show eu-west-1")]
    [InlineData(80, "providers-history", "providers history eu-west-1")]
    [InlineData(200, "providers-history", "providers history eu-west-1")]
    [InlineData(80, "orgs-ls", "orgs ls")]
    [InlineData(200, "orgs-ls", "orgs ls")]
    [InlineData(80, "workspaces-ls", "workspaces ls")]
    [InlineData(200, "workspaces-ls", "workspaces ls")]
    [InlineData(80, "workspaces-timeline", "workspaces timeline dev")]
    [InlineData(200, "workspaces-timeline", "workspaces timeline dev")]
    public async Task What_a_terminal_shows_fits_it(int columns, string name, string command)
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved()]);
        Server.Providers.History.AddRange([
            Sample.Entry(
                700,
                "admin",
                "provider.cordoned",
                "cordoned: the hardware below it moves to another room until Friday"
            ),
            Sample.Entry(9, "agent:0198c1de000070008000000000000002", "presence.connected", "agent 0.1.0 attached"),
        ]);
        Server.Organizations.All.Add(
            Sample.Organization("acme", "built-in", "eu-west-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2")
        );
        Server.Workspaces.All.Add(Sample.Workspace("dev", V1.WorkspaceState.Running));
        Server.Workspaces.Timeline = [.. WorkspaceTests.Story()];

        var run = await PseudoTerminal.Show(Mesh, columns, command);

        Assert.Equal(0, run.ExitCode);
        Assert.All(run.Stdout.Split('\n'), line => Assert.True(line.Length <= columns, line));
        Expected.Match(
            $"terminal-{name}-{columns}",
            name == "providers-show" ? Expected.Times().Replace(run.Stdout, "<time>") : run.Stdout
        );
    }

    [Fact]
    public async Task Terminal_sees_a_wait_go_and_its_end()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Server.Workspaces.Timeline = [Sample.Happening(1, 1, V1.TimelineStage.Scheduled, message: "on [node-1]")];
        Server.Workspaces.Step(w => w.State = V1.WorkspaceState.Starting);
        Server.Workspaces.Step(w =>
        {
            w.State = V1.WorkspaceState.Running;
            w.ObservedGeneration = w.Generation;
        });
        Mesh.Variables["TERM"] = "xterm-256color";

        var run = await Mesh.Shell("script -qec '\"$MESH\" workspaces create dev --wait' /dev/null");

        var shown = PseudoTerminal.Plain(run.Stdout);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("dev: still starting", shown, StringComparison.Ordinal);
        Assert.Contains("info: workspace/dev: scheduled: on [node-1]", shown, StringComparison.Ordinal);
        Assert.Contains("workspace/dev running\n", shown, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\e\[[0-9;]*(3[0-9]|38;5;[0-9]+)m")]
    private static partial Regex Colour();
}
