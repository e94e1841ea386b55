using System.Diagnostics;
using System.Globalization;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>
/// The user under whom PostgreSQL's programs run: the current one, or another one for root, which PostgreSQL refuses.
/// </summary>
internal sealed record RunAs(SystemUser? User, bool KeepsFolderSearch)
{
    private const int CapDacReadSearch = 2;

    private static readonly string? SetPriv = FindProgram("setpriv");
    private static readonly string? SetSid = FindProgram("setsid");

    /// <summary>Chooses the user for a database folder and for the programs.</summary>
    /// <param name="databaseFolder">May not exist yet; if it does, its owner is kept.</param>
    /// <param name="alsoReached">Further folders that the user must be able to enter.</param>
    public static RunAs Choose(string databaseFolder, params IEnumerable<string> alsoReached)
    {
        if (Native.UserId != 0)
            return new RunAs(User: null, KeepsFolderSearch: false);
        if (SetPriv is null)
            throw new EmbeddedPostgresException(
                "PostgreSQL refuses to run as root, and stepping down to another user needs the program setpriv, which was "
                    + "not found in PATH. Install your distribution's util-linux package, or run the control plane as another user."
            );

        var user = Candidate(databaseFolder);
        string[] reached = [databaseFolder, .. alsoReached];
        return new RunAs(user, reached.Any(IsBehindPrivateFolder) && MayPassOn(CapDacReadSearch));
    }

    public ProcessStartInfo Command(string program, params IEnumerable<string> arguments)
    {
        // A separate session: Ctrl-C in a terminal goes to the control plane, which then stops PostgreSQL in order.
        List<string> words = SetSid is null ? [] : [SetSid];
        if (User is not null)
        {
            words.AddRange([SetPriv!, "--reuid", Id(User.Uid), "--regid", Id(User.Gid), "--clear-groups"]);
            if (KeepsFolderSearch)
                words.AddRange(["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]);
        }
        words.Add(program);
        words.AddRange(arguments);

        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // PGDATA, PGOPTIONS and others in the caller's environment would change the behaviour of the programs.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static string Id(uint id) => id.ToString(CultureInfo.InvariantCulture);

    private static SystemUser Candidate(string databaseFolder)
    {
        SystemUser?[] candidates = [SystemUser.Named("postgres"), SystemUser.Named("nobody")];
        if (!Directory.Exists(databaseFolder) || Native.Owner(databaseFolder) is not { } owner || owner == 0)
            return candidates.FirstOrDefault(u => u is not null)
                ?? throw new EmbeddedPostgresException(
                    "PostgreSQL refuses to run as root, and neither the user postgres nor nobody exists to step down to. "
                        + "Create one, or run the control plane as another user."
                );
        return candidates.FirstOrDefault(u => u?.Uid == owner)
            ?? throw new EmbeddedPostgresException(
                $"The database in {databaseFolder} belongs to {SystemUser.Describe(owner)}, and this process is root. "
                    + $"Run the control plane as that user, or choose another data folder ({EmbeddedPostgresOptions.DataFolderVariable})."
            );
    }

    private static bool IsBehindPrivateFolder(string path)
    {
        for (
            var parent = Path.GetDirectoryName(Path.GetFullPath(path));
            parent is not null;
            parent = Path.GetDirectoryName(parent)
        )
            if (Directory.Exists(parent) && !PrivateFolder.IsPassage(parent))
                return true;
        return false;
    }

    // In a container, the capability may be missing. It must not be requested where all parent folders are public.
    private static bool MayPassOn(int capability)
    {
        const string Permitted = "CapPrm:";
        var line = File.ReadLines("/proc/self/status")
            .FirstOrDefault(l => l.StartsWith(Permitted, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(
                line[Permitted.Length..].Trim(),
                NumberStyles.HexNumber,
                CultureInfo.InvariantCulture,
                out var set
            )
            && (set & (1UL << capability)) != 0;
    }

    private static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
