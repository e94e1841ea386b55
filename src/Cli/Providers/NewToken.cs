using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Providers;

/// <summary>A new token of an agent, and where it was written.</summary>
/// <param name="Secret">Printed only if no file contains it.</param>
/// <param name="File">The file that contains it; null if it has to be printed.</param>
internal sealed record NewToken(string Secret, string? File)
{
    // The generated ToString would print the secret.
    public override string ToString() => $"token in {File ?? "no file"}";

    /// <param name="file">The file to write it to; null to print it.</param>
    /// <param name="secret">The token, as the control plane returned it.</param>
    /// <param name="provider">Name of the provider.</param>
    /// <param name="output">For warnings.</param>
    public static NewToken Keep(SecretFile? file, string secret, string provider, Output output)
    {
        if (secret.Length == 0)
            throw NotReturned(provider);
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

    /// <summary>Formats a response as JSON, without the token if a file contains it.</summary>
    public JsonObject AsJson(IMessage answer)
    {
        var json = Json.Of(answer).AsObject();
        if (File is not null)
            json.Remove("token");
        return json;
    }

    private static CliException NotReturned(string provider) =>
        new(
            new Failure($"the control plane did not return the token of provider \"{provider}\"", ExitCodes.Unexpected)
            {
                Tips =
                [
                    $"an agent has already attached with it; create another one: mesh providers rotate-token {provider}",
                ],
            }
        );
}
