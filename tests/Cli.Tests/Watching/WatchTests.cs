using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Watching;

/// <summary>`ls --watch`, which is ended by Ctrl-C as a person would end it.</summary>
public sealed class WatchTests : WatchTest
{
    [Fact]
    public async Task Workspaces_are_told_a_line_a_change()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Tell(ChangeType.Changed, "dev", WorkspaceState.Starting, 2);
        Tell(ChangeType.Changed, "web-server", WorkspaceState.Running, 1);
        Tell(ChangeType.Removed, "dev", WorkspaceState.Starting, 3);

        var run = await Watch("REMOVED", "workspaces", "ls", "--watch");

        Expected.Match("watch-workspaces", Expected.Full(["workspaces", "ls", "--watch"], run));
    }

    [Fact]
    public async Task Providers_are_told_a_line_a_change()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken()]);
        var ready = Sample.Broken();
        (ready.Status, ready.StatusCode, ready.ResourceVersion) = (ProviderStatus.Ready, "", 2);
        Server.Providers.Changes.Tell(new WatchProvidersResponse { Type = ChangeType.Progress });
        Server.Providers.Changes.Tell(new WatchProvidersResponse { Type = ChangeType.Changed, Provider = ready });

        string[] arguments = ["providers", "ls", "--watch", "--status", "ready", "--cordoned=false"];
        var run = await Watch("eu-west-1   ready", arguments);

        Expected.Match("watch-providers", Expected.Full(arguments, run));
        var asked = Assert.IsType<WatchProvidersRequest>(await Server.Providers.Changes.Watchers.Reader.ReadAsync(Ct));
        Assert.Equal((ProviderStatus.Ready, true, false), (asked.Status, asked.HasCordoned, asked.Cordoned));
    }

    [Fact]
    public async Task Json_is_an_object_a_line()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Tell(ChangeType.Removed, "dev", WorkspaceState.Deleting, 2);

        var run = await Watch("REMOVED", "workspaces", "ls", "--watch", "-o", "json");

        var lines = run
            .Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(["CHANGED", "REMOVED"], lines.Select(l => (string?)l["change"]));
        Assert.All(lines, line => Assert.Equal("dev", (string?)line["workspace"]!["name"]));
    }

    [Fact]
    public async Task A_change_of_a_provider_s_status_is_told_with_what_it_means_for_its_workspaces()
    {
        var provider = Sample.BuiltIn();
        Server.Providers.All.Add(provider);
        var workspace = Sample.Workspace("dev", WorkspaceState.Running);
        workspace.Summary = new WorkspaceSummary { State = WorkspaceState.Running };
        Server.Workspaces.All.Add(workspace);
        using var process = Mesh.Start(MeshProcess.Executable, ["workspaces", "ls", "--watch"]);
        process.StandardInput.Close();
        await Until(process, "running");
        await Server.Providers.Changes.Watchers.Reader.ReadAsync(Ct);

        var away = provider.Clone();
        (away.Status, away.StatusCode, away.ResourceVersion) = (ProviderStatus.Error, "agent_disconnected", 9);
        workspace.Summary = new WorkspaceSummary
        {
            State = WorkspaceState.Running,
            LastReportTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch),
            Reason = "provider built-in is in error",
        };
        Server.Providers.Changes.Tell(new WatchProvidersResponse { Type = ChangeType.Changed, Provider = away });
        var told = await Until(process, "in error");
        using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Ct);
        await Mesh.Finish(process);

        Assert.Contains(
            "running (last reported at 1970-01-01 00:00:00Z; provider built-in is in error)",
            told,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Yaml_is_a_document_a_change()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Tell(ChangeType.Removed, "dev", WorkspaceState.Deleting, 2);

        var run = await Watch("REMOVED", "workspaces", "ls", "--watch", "-o", "yaml");
        // The mark is written with the document: what is read before the last line has come is not all.
        var documents = YamlText.Read(run.Stdout);

        Assert.StartsWith("---\nchange: CHANGED\n", run.Stdout, StringComparison.Ordinal);
        Assert.Equal(["CHANGED", "REMOVED"], documents.Select(d => (string?)d!["change"]));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public async Task Terminal_shows_a_table_that_lives(int columns)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Tell(ChangeType.Changed, "dev", WorkspaceState.Running, 2);
        using var process = OnTerminal($"stty cols {columns}");

        var shown = await Until(process, "running");
        await process.StandardInput.WriteAsync("\x03");
        await process.StandardInput.FlushAsync(Ct);
        var rest = await Mesh.Finish(process);

        var plain = PseudoTerminal.Plain(shown + rest.Stdout);
        Assert.EndsWith("ended 130\n", plain, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^NAME +STATE +PROVIDER", plain);
        Assert.All(plain.Split('\n', '\r'), line => Assert.True(line.Length <= columns, line));
        // The cursor is there again for the prompt.
        Assert.True(
            rest.Stdout.LastIndexOf("\e[?25h", StringComparison.Ordinal)
                > rest.Stdout.LastIndexOf("\e[?25l", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Watch_that_is_cut_says_so_and_goes_on()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Cut("the control plane restarts");
        Tell(ChangeType.Changed, "dev", WorkspaceState.Pending, 1);
        Tell(ChangeType.Changed, "dev", WorkspaceState.Running, 2);

        var run = await Watch("running", "workspaces", "ls", "--watch");

        Assert.Equal(
            "warning: watch interrupted, retrying: the control plane restarts\ninfo: watch resumed\n",
            run.Stderr
        );
    }

    [Theory]
    [InlineData(StatusCode.OutOfRange, "RESUME_TOKEN_EXPIRED", "too many changes in the meantime, listing again")]
    [InlineData(StatusCode.ResourceExhausted, "WATCH_TOO_SLOW", "changes came faster than they could be shown")]
    [InlineData(StatusCode.ResourceExhausted, "TOO_MANY_WATCHES", "the control plane has reached its limit of watches")]
    [InlineData(StatusCode.Unavailable, "SERVER_RESTARTING", "the control plane is restarting")]
    public async Task Ends_that_are_told_to_programs_are_told_to_people_in_their_words(
        StatusCode code,
        string reason,
        string words
    )
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Server.Workspaces.Changes.Cuts.Enqueue(
            FakeControlPlane.Rich(code, "resume it with the last token that was read", reason)
        );
        Tell(ChangeType.Changed, "dev", WorkspaceState.Pending, 1);
        Tell(ChangeType.Changed, "dev", WorkspaceState.Running, 2);

        var run = await Watch("running", "workspaces", "ls", "--watch");

        Assert.Equal($"warning: watch interrupted, retrying: {words}\ninfo: watch resumed\n", run.Stderr);
    }

    [Fact]
    public async Task Watch_that_is_cut_again_says_so_once()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Cut("the control plane restarts");
        Cut("it is not there yet");
        Tell(ChangeType.Changed, "dev", WorkspaceState.Pending, 1);
        Tell(ChangeType.Changed, "dev", WorkspaceState.Pending, 2);
        Tell(ChangeType.Changed, "dev", WorkspaceState.Running, 3);

        var run = await Watch("running", "workspaces", "ls", "--watch");

        Assert.Equal(
            "warning: watch interrupted, retrying: the control plane restarts\ninfo: watch resumed\n",
            run.Stderr
        );
    }

    [Fact]
    public async Task Terminal_says_that_a_watch_is_cut_only_as_long_as_it_is()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        Cut("the control plane restarts");
        Tell(ChangeType.Changed, "dev", WorkspaceState.Pending, 1);
        using var process = OnTerminal("stty cols 80");
        await Until(process, "watch interrupted");

        // It is there again, and has no news.
        Server.Workspaces.Changes.Tell(new WatchWorkspacesResponse { Type = ChangeType.Progress });

        await Until(process, shown => shown[(shown.LastIndexOf("watch interrupted") + 1)..].Split("NAME").Length > 3);
        process.Kill(entireProcessTree: true);
    }

    [Fact]
    public async Task Terminal_shows_as_many_as_it_has_lines_for()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        foreach (var i in Enumerable.Range(10, 50))
            Server.Workspaces.All.Add(Sample.Workspace($"dev-{i}", WorkspaceState.Running));
        using var process = OnTerminal("stty cols 80 rows 12");

        var shown = await Until(process, "and 42 more");
        await process.StandardInput.WriteAsync("\x03");
        await process.StandardInput.FlushAsync(Ct);
        var plain = PseudoTerminal.Plain(shown + (await Mesh.Finish(process)).Stdout);

        Assert.Contains("NAME", plain, StringComparison.Ordinal);
        Assert.Contains("dev-17 ", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("dev-18 ", plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_from_the_start_is_an_error()
    {
        Server.Failure = FakeControlPlane.Rich(StatusCode.Unavailable, "no database", "STORE_UNAVAILABLE");

        await Check("watch-unavailable", "workspaces", "ls", "--watch");
        await Check("watch-organization", "providers", "ls", "--watch", "--org", "acme");
    }

    [Fact]
    public async Task Reader_that_goes_away_ends_a_watch()
    {
        Server.Workspaces.All.Add(Sample.Workspace("dev", WorkspaceState.Pending));
        using var process = Mesh.Start(
            "/bin/bash",
            [
                "-c",
                $"\"{MeshProcess.Executable}\" workspaces ls --watch -o json | head -n 1; echo \"${{PIPESTATUS[0]}}\"",
            ]
        );
        process.StandardInput.Close();
        await Server.Workspaces.Changes.Watchers.Reader.ReadAsync(Ct);

        // The first line that nobody reads may still fit into the pipe's last moments; one of these doesn't.
        for (var version = 1u; version < 20; version++)
            Tell(ChangeType.Changed, "dev", WorkspaceState.Running, version);
        var run = await Mesh.Finish(process);

        Assert.Equal(("141", ""), (run.Stdout.Split('\n')[1], run.Stderr));
    }

    /// <summary>Watches workspaces on a terminal that is first set so.</summary>
    private Process OnTerminal(string setting)
    {
        Mesh.Variables["MESH"] = MeshProcess.Executable;
        Mesh.Variables["TERM"] = "xterm-256color";
        var script = $"{setting}; \"$MESH\" workspaces ls --watch; echo ended $?";
        return Mesh.Start("script", ["-qec", script, "/dev/null"]);
    }

    /// <summary>Ends the watch in place of what it would be told next.</summary>
    private void Cut(string message) =>
        Server.Workspaces.Changes.Cuts.Enqueue(FakeControlPlane.Rich(StatusCode.Unavailable, message, ""));

    private void Tell(ChangeType type, string name, WorkspaceState state, ulong version)
    {
        var workspace = Sample.Workspace(name, state);
        workspace.ResourceVersion = version;
        Server.Workspaces.Changes.Tell(new WatchWorkspacesResponse { Type = type, Workspace = workspace });
    }
}
