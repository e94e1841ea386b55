using System.Diagnostics;
using System.Runtime.CompilerServices;
using Coder.Mesh.EmbeddedPostgres;
using Coder.Mesh.Tests.Support.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

/// <summary>
/// A process that does what a control plane does with its database, so that it can be killed or run as another user.
/// </summary>
internal sealed class ControlPlaneProcess : IAsyncDisposable
{
    private const string ThrowAwayVariable = "MESH_TEST_THROW_AWAY";
    private const string FolderVariable = "MESH_TEST_EMBEDDED_FOLDER";
    private readonly Process _process;

    private ControlPlaneProcess(Process process, string firstLine)
    {
        _process = process;
        (Started, Message) = (firstLine.StartsWith("ready ", StringComparison.Ordinal), firstLine[6..]);
    }

    public bool Started { get; }

    /// <summary>The connection string when it started, else the error.</summary>
    public string Message { get; }

    public int Id => _process.Id;

    /// <param name="folder">The data folder.</param>
    /// <param name="user">As whom, when the tests run as root; else as the tests' own user.</param>
    /// <param name="path">PATH, if not the tests' own.</param>
    public static Task<ControlPlaneProcess> Start(
        string folder,
        SystemUser? user = null,
        string? path = null,
        CancellationToken ct = default
    ) => Start(FolderVariable, folder, user, path, ct);

    /// <summary>A process that does what a test run does: a throw-away server, whose folder is the message.</summary>
    public static Task<ControlPlaneProcess> StartThrowAway(CancellationToken ct) =>
        Start(ThrowAwayVariable, "1", null, null, ct);

    private static async Task<ControlPlaneProcess> Start(
        string variable,
        string value,
        SystemUser? user,
        string? path,
        CancellationToken ct
    )
    {
        string[] step = user is null
            ? []
            : ["setpriv", "--reuid", $"{user.Uid}", "--regid", $"{user.Gid}", "--clear-groups"];
        string[] words = [.. step, DotNet(), "exec", typeof(ControlPlaneProcess).Assembly.Location];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        start.Environment[variable] = value;
        if (path is not null)
            start.Environment["PATH"] = path;
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(ct);
        return new ControlPlaneProcess(process, line ?? "error (no output)");
    }

    /// <summary>kill -9 of this process alone.</summary>
    public async Task Kill(CancellationToken ct)
    {
        _process.Kill();
        await _process.WaitForExitAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // The test program is the only program that this project builds. An initializer runs before its own Main; it must
    // not use code of this assembly on other threads, which wait for it.
    [ModuleInitializer]
    internal static void Run()
    {
        if (Environment.GetEnvironmentVariable(ThrowAwayVariable) is not null)
        {
            var server = LocalPostgres.Start(CancellationToken.None).GetAwaiter().GetResult();
            Console.WriteLine($"ready {server.Folder}");
            Thread.Sleep(Timeout.Infinite);
        }
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder)
            return;
        try
        {
            var options = new EmbeddedPostgresOptions
            {
                DataFolder = folder,
                Settings = new() { ["fsync"] = "off" },
            };
            var postgres = EmbeddedDatabase
                .Start(options, TimeProvider.System, NullLogger.Instance, CancellationToken.None)
                .GetAwaiter()
                .GetResult();
            Console.WriteLine($"ready {postgres.ConnectionString}");
            Console.In.ReadLine();
            postgres.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (EmbeddedPostgresException e)
        {
            Console.WriteLine($"error {e.Message.ReplaceLineEndings(" ")}");
        }
        Environment.Exit(0);
    }

    private static string DotNet() =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")
        ?? (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Select(folder => Path.Combine(folder, "dotnet"))
            .First(File.Exists);
}
