using System.Reflection;
using System.Text;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>The documentation has what <see cref="RefusalTests"/> have seen.</summary>
public sealed class RefusalTableTests
{
    private const string Head =
        "| object | refused | start | update | restart | stop | delete |\n|---|---|---|---|---|---|---|\n";

    private static readonly string[] Names =
    [
        "Deployment",
        "PersistentVolumeClaim",
        "ServiceAccount",
        "NetworkPolicy",
        "Service",
    ];

    [Fact]
    public void The_documentation_has_this_table()
    {
        var root = typeof(RefusalTableTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepoRoot")
            .Value!;
        var path = Path.Combine(root, "docs", "status-codes.md");
        var text = File.ReadAllText(path);
        var heading = text.IndexOf("\n## While a cluster refuses an object\n", StringComparison.Ordinal);
        var start = text.IndexOf("\n| object ", heading, StringComparison.Ordinal) + 1;
        var end = text.IndexOf("\n\n", start, StringComparison.Ordinal) + 1;
        if (Environment.GetEnvironmentVariable("UPDATE_EXPECTED") == "1")
        {
            start = start > heading ? start : text.Length;
            File.WriteAllText(path, text[..start] + Table() + (end > start ? text[end..] : ""));
            return;
        }

        Assert.True(heading > 0 && start > heading, "The page has no such table.");
        Assert.Equal(Table(), end > start ? text[start..end] : text[start..]);
    }

    [Fact]
    public void Every_object_stops_and_goes_whatever_the_cause() =>
        Assert.All(
            RefusalCase.All,
            c =>
            {
                Assert.StartsWith(
                    (c.Cause, c.Kind) == (Cause.Finalizer, "deployments") ? "Stopping" : "Stopped",
                    c.Stop
                );
                Assert.StartsWith("Delet", c.Delete, StringComparison.Ordinal);
            }
        );

    [Fact]
    public void Only_the_authorizers_refusal_is_a_missing_right() =>
        Assert.All(
            RefusalCase.All,
            c =>
                Assert.Equal(
                    c.Cause == Cause.Rbac,
                    Cells(c).Any(cell => cell.Contains("permissions_insufficient"))
                        || c is { Cause: Cause.Rbac, Fresh: false }
                )
        );

    private static string Table()
    {
        var byObject = RefusalCase
            .All.GroupBy(c => (c.Kind, Cells: string.Join(" | ", Cells(c).Select(Plain))))
            .Select(g => (g.Key.Kind, g.Key.Cells, Causes: string.Join("; ", g.Select(Refused))));
        var table = new StringBuilder(Head);
        foreach (var row in byObject.GroupBy(r => (r.Cells, r.Causes), r => r.Kind))
            table
                .Append("| ")
                .AppendJoin(", ", row.Select(o => Names[Array.IndexOf(RefusalCase.Objects, o)]))
                .Append(" | ")
                .Append(row.Key.Causes)
                .Append(" | ")
                .Append(row.Key.Cells)
                .Append(" |\n");
        return table.ToString();
    }

    private static string[] Cells(RefusalCase c) => [c.Start, c.Update, c.Restart, c.Stop, c.Delete];

    private static string Refused(RefusalCase c)
    {
        var code = Cells(c)
            .Select(cell => cell.Split(' '))
            .FirstOrDefault(parts => parts is [_, not "+", ..])
            ?[1].TrimEnd('?');
        var cause = c.Cause switch
        {
            Cause.Quota => "to be made, by a quota",
            Cause.Admission => c.Fresh ? "to be made, by a policy" : "to be changed or deleted, by a policy",
            Cause.Rbac => c.Fresh ? "to be made, by RBAC" : "to be changed or deleted, by RBAC",
            Cause.Conflict => "a field that another manager has",
            Cause.Immutable => "a field that can't change",
            _ => "deleted by somebody else, and kept by a finalizer",
        };
        return code is null ? cause : $"{cause}: `{code}`";
    }

    private static string Plain(string cell) =>
        cell.Split(' ') switch
        {
            ["Deleting", "+"] => "Deleting, says why",
            [var state, "+"] => $"{state}, says what it waits for",
            [var state, [.., '?']] => state,
            [var state, _] => $"{state}, with the code",
            [var state] => state,
            _ => cell,
        };
}
