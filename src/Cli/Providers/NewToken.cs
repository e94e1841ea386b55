using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Providers;

/// <summary>An agent's token that was made just now: where it is kept, and what is printed of it.</summary>
/// <param name="Secret">Printed only where no file holds it.</param>
/// <param name="File">The file that holds it; null when it has to be printed.</param>
internal sealed record NewToken(string Secret, string? File)
{
    // The generated ToString would print the secret.
    public override string ToString() => $"token in {File ?? "no file"}";

    /// <param name="file">Where it shall be kept; null to print it.</param>
    /// <param name="secret">The token, as the control plane told it.</param>
    /// <param name="provider">Name of the provider.</param>
    /// <param name="output">Where trouble is told.</param>
    public static NewToken Keep(SecretFile? file, string secret, string provider, Output output)
    {
        if (secret.Length == 0)
            throw NotTold(provider);
        try
        {
            file?.Keep(secret);
            return new NewToken(secret, file?.Path);
        }
        catch (IOException e)
        {
            output.Warning($"could not write the token to {file!.Path}; it is printed instead", $"cause: {e.Message}");
            return new NewToken(secret, File: null);
        }
    }

    /// <summary>An answer as data, without the token if a file holds it.</summary>
    public JsonObject AsJson(IMessage answer)
    {
        var json = Json.Of(answer).AsObject();
        if (File is not null)
            json.Remove("token");
        return json;
    }

    private static CliException NotTold(string provider) =>
        new(
            new Failure($"the control plane did not tell the token of provider \"{provider}\"", ExitCodes.Unexpected)
            {
                Tips = [$"an agent has attached with it already; make another: mesh providers rotate-token {provider}"],
            }
        );
}
