using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Writes the tokens that a first run needs to files in the data folder: the admin's, which the CLI on this machine
/// finds, and that of the built-in provider's agent. A file is written before its token becomes valid, so that no valid
/// token is lost.
/// </summary>
internal sealed class LocalTokens(
    ApiTokens api,
    ProviderTokens providers,
    ProviderView view,
    ILogger<LocalTokens> logger
)
{
    /// <summary>Writes the files that are missing or whose token belongs to another deployment.</summary>
    public async Task Ensure(string dataFolder, CancellationToken ct)
    {
        var files = new TokenFiles(dataFolder);
        await Ensure(files, files.Admin, TokenKind.Api, "admin", token => api.Store(token, ApiTokens.Admin, ct), ct);
        var builtIn = await view.BuiltIn(ct);
        await Ensure(
            files,
            files.BuiltInAgent,
            TokenKind.Provider,
            "built-in agent",
            token => providers.StoreLocal(builtIn.ProviderId, token, ct),
            ct
        );
    }

    /// <summary>
    /// Logs how to create tokens that do not exist, such as after a first start that could not write files.
    /// </summary>
    public async Task SayWhatIsMissing(CancellationToken ct)
    {
        if (!await api.Any(ct))
            logger.NoAdminToken();
        if (await view.BuiltIn(ct) is { Tokens.Length: 0 } builtIn)
            logger.NoAgentToken(builtIn.Name);
    }

    private async Task Ensure(
        TokenFiles files,
        string path,
        TokenKind kind,
        string name,
        Func<string, Task> store,
        CancellationToken ct
    )
    {
        try
        {
            if (await TokenFiles.Read(path, ct) is { } kept && await api.IsLive(kept, ct))
                return;
            var token = Tokens.Create(kind);
            files.Write(path, token);
            await store(token);
            logger.TokenWritten(name, path);
        }
        catch (Exception e) when (TokenFiles.CannotWrite(e))
        {
            logger.TokenNotWritten(name, path, e.Message);
        }
    }
}
