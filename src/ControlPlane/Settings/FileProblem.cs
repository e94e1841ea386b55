using System.Text.Json;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>Says why the file of settings can't be read. Pure.</summary>
internal static class FileProblem
{
    /// <returns>Null if it is none of that file's problems.</returns>
    public static string? Of(Exception exception)
    {
        if (exception is not (InvalidDataException or IOException or UnauthorizedAccessException))
            return null;
        // The outer one names the file, the inner ones say in turn what is wrong with it.
        var cause = exception.GetBaseException();
        return cause switch
        {
            JsonException json =>
                $"{exception.Message} It is no JSON at line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.",
            _ when cause != exception => $"{exception.Message} {cause.Message}",
            _ => $"The settings can't be read: {exception.Message}",
        };
    }
}
