using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.Deployment;

/// <summary>
/// The tokens that a first run needs, as files of mode 0600 in the data folder: the admin's, which the CLI on this
/// machine finds, and that of the built-in provider's agent.
/// </summary>
internal sealed class LocalTokens(
    ApiTokens api,
    ProviderTokens providers,
    ProviderView view,
    ILogger<LocalTokens> logger
)
{
    public const string AdminFile = "admin-token";
    public const string BuiltInAgentFile = "builtin-agent-token";

    /// <summary>Writes the files that are missing, or whose token is not of this deployment.</summary>
    public async Task Ensure(string dataFolder, CancellationToken ct)
    {
        Directory.CreateDirectory(dataFolder);
        var admin = Path.Combine(dataFolder, AdminFile);
        if (!await IsLive(admin, ct))
            await Write(admin, "admin", await api.Issue(ApiTokens.Admin, ct), ct);
        var agent = Path.Combine(dataFolder, BuiltInAgentFile);
        if (!await IsLive(agent, ct))
        {
            var builtIn = await view.BuiltIn(ct);
            await Write(agent, "built-in agent", await providers.IssueLocal(builtIn.ProviderId, ct), ct);
        }
    }

    private async Task<bool> IsLive(string path, CancellationToken ct) =>
        File.Exists(path) && await api.IsLive((await File.ReadAllTextAsync(path, ct)).Trim(), ct);

    private async Task Write(string path, string kind, string token, CancellationToken ct)
    {
        var part = $"{path}.{Environment.ProcessId}.part";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var writer = new StreamWriter(new FileStream(part, options)))
            await writer.WriteLineAsync(token.AsMemory(), ct);
        File.Move(part, path, overwrite: true);
        logger.TokenWritten(kind, path);
    }
}
