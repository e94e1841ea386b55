using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Coder.Mesh.Load.Store;
using Npgsql;

namespace Coder.Mesh.Load.Scale;

/// <summary>A statement as PostgreSQL ran it.</summary>
internal sealed record RanStatement(string Query, string Plan);

/// <summary>
/// Plans of what a call runs, as PostgreSQL's own auto_explain writes them to its log while the product runs them: the
/// very statements, with the very parameters, not copies that are explained elsewhere.
/// </summary>
internal sealed partial class PlanLog(NpgsqlDataSource database, string dataFolder, TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Background = TimeSpan.FromSeconds(6);

    private readonly HashSet<string> _background = [];
    private int _markers;

    /// <summary>
    /// Has the library loaded into each connection from its start; it says nothing before <see cref="Start"/>.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } =
        new Dictionary<string, string>
        {
            ["Mesh__EmbeddedPostgres__Settings__session_preload_libraries"] = "auto_explain",
            ["Mesh__EmbeddedPostgres__Settings__log_line_prefix"] = "%m [%p] ",
        };

    /// <summary>Learns what the product runs by itself, so that it isn't taken for a call's.</summary>
    public async Task Start(CancellationToken ct)
    {
        foreach (var setting in new[] { "log_min_duration = 0", "log_analyze = on", "log_buffers = on" })
            await database.Execute($"alter system set auto_explain.{setting}", ct);
        await database.Execute("select pg_reload_conf()", ct);
        var idle = await Ran(async token => await Task.Delay(Background, time, token), ct);
        _background.UnionWith(idle.Select(s => s.Query));
    }

    /// <returns>What was run while the work went on, in order, without the product's own background.</returns>
    public async Task<IReadOnlyList<RanStatement>> Ran(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        var begin = await Mark(ct);
        await work(ct);
        var end = await Mark(ct);
        var log = await ReadBetween(begin, end, ct);
        return [.. Parse(log).Where(s => !_background.Contains(s.Query))];
    }

    /// <summary>
    /// Entries such as <c>… LOG:  duration: 0.1 ms  plan:</c>, followed by lines that begin with a tab.
    /// </summary>
    public static IEnumerable<RanStatement> Parse(string log)
    {
        foreach (Match entry in Entry().Matches(log))
        {
            var text = new StringBuilder();
            foreach (var line in entry.Groups["body"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                text.Append(line.AsSpan(1)).Append('\n');
            var body = text.ToString();
            // A plan's first line is the only one with costs that isn't below another's arrow.
            var plan = FirstOfPlan().Match(body);
            if (!plan.Success)
                continue;
            var query = body[..plan.Index].Replace("Query Text: ", "", StringComparison.Ordinal);
            yield return new RanStatement(
                Spaces().Replace(query, " ").Trim(),
                LongList().Replace(body[plan.Index..].TrimEnd(), "$1, … }")
            );
        }
    }

    private async Task<string> Mark(CancellationToken ct)
    {
        var marker = string.Create(CultureInfo.InvariantCulture, $"mesh-load marker {++_markers};");
        await database.Execute($"do $$ begin raise log '{marker}'; end $$", ct);
        return marker;
    }

    // The log is written by a process of its own, a moment later, but in order.
    private async Task<string> ReadBetween(string begin, string end, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Limits.Leave);
        while (true)
        {
            var log = await Read(late.Token);
            var to = log.IndexOf($"LOG:  {end}", StringComparison.Ordinal);
            if (to >= 0)
            {
                var from = log.IndexOf($"LOG:  {begin}", StringComparison.Ordinal);
                return log[Math.Max(0, from)..to];
            }
            await Task.Delay(Between, time, late.Token);
        }
    }

    private async Task<string> Read(CancellationToken ct)
    {
        var text = new StringBuilder();
        foreach (var file in Directory.GetFiles(Path.Combine(dataFolder, "postgres", "log"), "*.log").Order())
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            text.Append(await reader.ReadToEndAsync(ct));
        }
        return text.ToString();
    }

    [GeneratedRegex(@"LOG:  duration: [0-9.]+ ms  plan:\n(?<body>(\t[^\n]*\n)+)")]
    private static partial Regex Entry();

    [GeneratedRegex(@"^\S[^\n]*\(cost=", RegexOptions.Multiline)]
    private static partial Regex FirstOfPlan();

    // Two of a list of keys say as much as a thousand.
    [GeneratedRegex(@"('\{[^,}]+,[^,}]+),[^}]+\}")]
    private static partial Regex LongList();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
