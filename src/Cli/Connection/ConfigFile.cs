using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The file with the contexts and their tokens, readable by its owner only.</summary>
internal sealed class ConfigFile(Func<string, string?> env, TimeProvider time)
{
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersFolder = OwnersFile | UnixFileMode.UserExecute;
    private const int MaxLength = 1024 * 1024;

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockRetryDelay = TimeSpan.FromMilliseconds(20);

    private static readonly ConfigJson Form = new(
        new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            WriteIndented = true,
            AllowDuplicateProperties = false,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            NumberHandling = JsonNumberHandling.Strict,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }
    );

    public string Path { get; } = System.IO.Path.Combine(Xdg.Config(env), "config.json");

    /// <returns>An empty configuration if there is no file.</returns>
    public Config Read()
    {
        try
        {
            using var file = new FileStream(
                Path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            if (file.Length > MaxLength)
                throw Broken($"it is longer than {MaxLength} bytes");
            var config = JsonSerializer.Deserialize(file, Form.Config) ?? throw Broken("line 1: it is null");
            if (config.Contexts is null || config.Contexts.Any(c => c.Value is null))
                throw Broken("one of its contexts is null");
            return config;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new Config();
        }
        catch (JsonException e)
        {
            throw Broken(Cause(e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Broken(e.Message);
        }
    }

    /// <summary>Reads, changes and writes the file under a lock against other `mesh` processes.</summary>
    public async Task Change(Func<Config, Config> change, CancellationToken ct)
    {
        try
        {
            var folder = System.IO.Path.GetDirectoryName(Path)!;
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, OwnersFolder);
            using var alone = await Lock(ct);
            var config = change(Read());
            AtomicFile.Write(Path, [.. JsonSerializer.SerializeToUtf8Bytes(config, Form.Config), (byte)'\n']);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(
                new Failure($"cannot write {Path}", ExitCodes.Usage)
                {
                    Details = [$"cause: {e.Message}"],
                    Tips = ["nothing was changed"],
                }
            );
        }
    }

    private async Task<FileStream> Lock(CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream($"{Path}.lock", LockOptions());
            }
            catch (IOException e) when (IsHeld(e) && time.GetElapsedTime(began) < LockTimeout)
            {
                await Task.Delay(LockRetryDelay, time, ct);
            }
        }
    }

    // EWOULDBLOCK on Linux and macOS, and the sharing violation on Windows. Other errors are not transient.
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static FileStreamOptions LockOptions()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnersFile;
        return options;
    }

    private static string Cause(JsonException e)
    {
        // The message repeats the position at its end.
        var end = e.Message.IndexOf(" Path: ", StringComparison.Ordinal) is var path and > 0
            ? path
            : e.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        var what =
            e.Message.Contains("missing required", StringComparison.Ordinal) ? "it has no address"
            : end > 0 ? e.Message[..end]
            : e.Message;
        var where = e.Path is { Length: > 2 } at ? $" at {at[2..]}" : "";
        return $"line {(e.LineNumber ?? 0) + 1}{where}: {what}";
    }

    private CliException Broken(string cause) =>
        new(
            new Failure($"cannot read the contexts in {Path}", ExitCodes.Usage)
            {
                Details = [$"cause: {cause}"],
                Tips = ["fix the file, or move it away and log in again; it was not changed"],
            }
        );
}
