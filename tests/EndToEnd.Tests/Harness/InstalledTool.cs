namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>A program that some tests run and not every machine has.</summary>
internal static class InstalledTool
{
    // Where Debian puts servers, which isn't on everybody's PATH.
    private static readonly string[] Folders =
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
        "/usr/local/sbin",
        "/usr/sbin",
    ];

    /// <summary>Its path. Where it is missing the test is skipped, and fails in CI, which installs it.</summary>
    public static string Find(string name)
    {
        if (Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } path)
            return path;
        var reason = $"{name} is not installed; Debian's package is {name}.";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", reason);
        Assert.Skip(reason);
        return "";
    }
}
