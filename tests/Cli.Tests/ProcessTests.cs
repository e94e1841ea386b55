using System.Diagnostics;
using System.Globalization;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests;

/// <summary>`mesh` among other processes: pipes that close, signals that come.</summary>
public sealed class ProcessTests : CliTest
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("table")]
    [InlineData("json")]
    [InlineData("yaml")]
    public async Task Reader_that_goes_away_ends_a_list_quietly(string format)
    {
        // More than a pipe holds: whoever writes must notice.
        Server.Providers.All.AddRange(Enumerable.Range(0, 2_000).Select(i => Sample.Pending($"p{i}")));

        var run = await Bash($"\"$MESH\" providers ls -o {format} | head -n 1; echo \"${{PIPESTATUS[0]}}\"");

        var lines = run.Stdout.Split('\n');
        Assert.Equal(("141", ""), (lines[1], run.Stderr));
        Assert.NotEqual("", lines[0]);
    }

    [Fact]
    public async Task Reader_that_is_gone_already_does_not_undo_what_was_asked_for()
    {
        var run = await Bash("\"$MESH\" orgs create acme -o json | true; echo \"${PIPESTATUS[0]}\"");

        Assert.Single(Server.Organizations.All);
        Assert.Equal("organization/acme created\n", run.Stderr.Split("  |")[0]);
    }

    [Fact]
    public async Task Output_in_a_file_goes_on_where_the_last_program_stopped()
    {
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));

        await Bash("{ echo before; \"$MESH\" orgs show acme -o json; echo after; } > all");

        var lines = await File.ReadAllLinesAsync(Path.Combine(Mesh.Home, "all"), Ct);
        Assert.Equal(("before", "{", "}", "after"), (lines[0], lines[1], lines[^2], lines[^1]));
    }

    [Fact]
    public async Task Output_that_has_no_room_is_an_error()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");

        var run = await Bash("\"$MESH\" version > /dev/full");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("error: unexpected error: No space left on device", run.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task Signal_ends_a_list_that_is_not_answered(string signal, int exitCode)
    {
        Server.Hangs = true;
        using var process = Mesh.Start(MeshProcess.Executable, ["providers", "ls"]);
        process.StandardInput.Close();
        var finished = Mesh.Finish(process);
        await Task.WhenAny(Server.Asked.Task, finished);

        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Ct);
        var run = await finished;

        Assert.Equal((exitCode, "", ""), (run.ExitCode, run.Stdout, run.Stderr));
    }

    [Fact]
    public async Task Interrupt_at_the_question_for_a_token_keeps_nothing()
    {
        var shown = await Login("mat_half\x03");

        Assert.EndsWith("ended 130\n", shown, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Mesh.Home, ".config")));
        Assert.Empty(Server.Authorizations);
    }

    [Fact]
    public async Task Token_that_was_mistyped_is_cleared_by_Ctrl_U()
    {
        var shown = await Login($"mat_half\x15{FakeControlPlane.ApiToken}\r");

        Assert.EndsWith("ended 0\n", shown, StringComparison.Ordinal);
    }

    /// <summary>Types into the question for a token.</summary>
    /// <returns>What the terminal shows after it, the exit code last.</returns>
    private async Task<string> Login(string typed)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Mesh.Variables["MESH"] = MeshProcess.Executable;
        using var process = Mesh.Start(
            "script",
            ["-qec", $"\"$MESH\" login {Server.Address}; echo ended $?", "/dev/null"]
        );
        var buffer = new char[256];
        var shown = "";
        while (!shown.Contains("Token for", StringComparison.Ordinal))
            shown += new string(buffer, 0, await process.StandardOutput.ReadAsync(buffer, Ct));

        await process.StandardInput.WriteAsync(typed);
        await process.StandardInput.FlushAsync(Ct);
        return PseudoTerminal.Plain((await Mesh.Finish(process)).Stdout);
    }

    private async Task<MeshRun> Bash(string script)
    {
        Mesh.Variables["MESH"] = MeshProcess.Executable;
        using var process = Mesh.Start("/bin/bash", ["-c", script]);
        process.StandardInput.Close();
        return await Mesh.Finish(process);
    }
}
