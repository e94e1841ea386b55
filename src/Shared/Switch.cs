namespace Coder.Mesh.Shared;

/// <summary>Environment variable with an on/off value, read alike by agent and CLI.</summary>
internal static class Switch
{
    public const string Rule = "true or false (1 or 0)";

    public static bool TryParse(string text, out bool value)
    {
        value = text.Trim() == "1";
        return value || text.Trim() == "0" || bool.TryParse(text, out value);
    }
}
