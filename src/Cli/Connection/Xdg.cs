namespace Coder.Mesh.Cli.Connection;

/// <summary>Folders of the user, as defined by the XDG Base Directory Specification.</summary>
internal static class Xdg
{
    public static string Config(Func<string, string?> env) => Folder(env, "XDG_CONFIG_HOME", ".config");

    public static string Data(Func<string, string?> env) =>
        Folder(env, "XDG_DATA_HOME", Path.Combine(".local", "share"));

    // The specification requires that relative paths are ignored.
    private static string Folder(Func<string, string?> env, string variable, string byDefault) =>
        Path.Combine(
            env(variable) is { } set && Path.IsPathRooted(set) ? set : Path.Combine(env("HOME") ?? "/", byDefault),
            "coder-mesh"
        );
}
