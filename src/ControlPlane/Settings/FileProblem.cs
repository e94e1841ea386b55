using System.Text.Json;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>Describes why the settings file cannot be read. Pure function.</summary>
internal static class FileProblem
{
    /// <returns>Null if the exception does not concern the settings file.</returns>
    public static string? Of(Exception exception)
    {
        if (exception is not (InvalidDataException or IOException or UnauthorizedAccessException))
            return null;
        // The outer exception names the file, the inner ones describe the problem.
        var cause = exception.GetBaseException();
        return cause switch
        {
            JsonException json =>
                $"{exception.Message} It is not JSON at line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.",
            _ when cause != exception => $"{exception.Message} {cause.Message}",
            _ => $"The settings can't be read: {exception.Message}",
        };
    }
}
