namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Reads the bearer token of a request.</summary>
internal static class BearerToken
{
    private const string Bearer = "Bearer ";

    /// <returns>Null if none was sent.</returns>
    public static string? Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null;
    }
}
