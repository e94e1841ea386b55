namespace Coder.Mesh.Shared;

/// <summary>A variable that is on or off. The agent and the command line read one of the same name in the same way.</summary>
internal static class Switch
{
    public const string Rule = "true or false (1 or 0)";

    public static bool TryParse(string text, out bool value)
    {
        value = text.Trim() == "1";
        return value || text.Trim() == "0" || bool.TryParse(text, out value);
    }
}
