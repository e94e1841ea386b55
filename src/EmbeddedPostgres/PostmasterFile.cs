using System.Globalization;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Contents of the <c>postmaster.pid</c> of a running server.</summary>
internal sealed record PostmasterFile(int ProcessId, string DataFolder, bool IsReady)
{
    public static string In(string folder) => Path.Combine(folder, "postmaster.pid");

    public static PostmasterFile? Read(string folder)
    {
        try
        {
            return Parse(File.ReadAllLines(In(folder)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Returns null while the file is incomplete.</summary>
    public static PostmasterFile? Parse(string[] lines)
    {
        if (
            lines.Length < 2
            || !int.TryParse(lines[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var pid)
        )
            return null;
        // A negative number indicates a single-user session.
        return new PostmasterFile(
            Math.Abs(pid),
            lines[1],
            lines is [_, _, _, _, _, _, _, var status, ..] && status.Trim() == "ready"
        );
    }
}
