using System.Text.RegularExpressions;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>Runs `mesh` on a pseudo-terminal, which util-linux's script makes.</summary>
internal static partial class PseudoTerminal
{
    /// <summary>What a terminal of that width shows, without the sequences that steer it.</summary>
    public static async Task<MeshRun> Show(MeshProcess mesh, int columns, string arguments)
    {
        var run = await Run(mesh, $"script -qec 'stty cols {columns}; \"$MESH\" {arguments}' /dev/null");
        return run with { Stdout = Plain(run.Stdout) };
    }

    /// <summary>Runs `mesh` with somebody there who types a line.</summary>
    public static async Task<MeshRun> Answer(MeshProcess mesh, string typed, string arguments)
    {
        var run = await Run(mesh, $"echo '{typed}' | script -qec '\"$MESH\" {arguments}' /dev/null");
        return run with { Stdout = Plain(run.Stdout) };
    }

    public static string Plain(string shown) =>
        Sequences().Replace(shown, "").Replace("\r\n", "\n", StringComparison.Ordinal);

    private static async Task<MeshRun> Run(MeshProcess mesh, string script)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        mesh.Variables["TERM"] = "xterm-256color";
        return await mesh.Shell(script);
    }

    [GeneratedRegex(@"\e(\[[0-9;?]*[A-Za-z]|[=>])")]
    private static partial Regex Sequences();
}
