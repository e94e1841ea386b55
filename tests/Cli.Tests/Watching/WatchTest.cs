using System.Diagnostics;
using System.Globalization;
using System.Text;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Watching;

/// <summary>Runs commands with `--watch`, and ends them by Ctrl-C as a user would.</summary>
public abstract class WatchTest : CliTest
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Runs a command until its output contains a text, and then interrupts it.</summary>
    protected async Task<MeshRun> Watch(string last, params string[] arguments)
    {
        using var process = Mesh.Start(MeshProcess.Executable, arguments);
        process.StandardInput.Close();
        var shown = await Until(process, last);
        using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Ct);
        var run = await Mesh.Finish(process);
        Assert.Equal(130, run.ExitCode);
        return run with { Stdout = shown + run.Stdout };
    }

    protected static Task<string> Until(Process process, string last) =>
        Until(process, shown => shown.Contains(last, StringComparison.Ordinal));

    protected static async Task<string> Until(Process process, Func<string, bool> enough)
    {
        var shown = new StringBuilder();
        var buffer = new char[4096];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!enough(shown.ToString()))
        {
            var read = 0;
            try
            {
                read = await process.StandardOutput.ReadAsync(buffer, patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
            Assert.True(read > 0, $"it ended too soon: {shown}");
            shown.Append(buffer, 0, read);
        }
        return shown.ToString();
    }
}
