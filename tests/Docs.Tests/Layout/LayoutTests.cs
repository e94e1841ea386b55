using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Coder.Mesh.Docs.Tests.Layout;

/// <summary>Dependencies point in one direction.</summary>
public sealed class LayoutTests
{
    /// <summary>What gRPC hands to a service; below the fronts there are only values.</summary>
    private static readonly string[] TransportTypes = ["RpcException", "ServerCallContext", "IServerStreamWriter"];

    private static readonly string[] Fronts = ["Api", "Agents", "Edge"];

    public static TheoryData<string> Projects => [.. Directions.Of.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_use_only_those_that_they_may(string project)
    {
        var may = Directions.Read(project).ToDictionary(d => d.Folder, d => d.MayUse);
        var wrong = SourceFolders
            .UsesOf(project)
            .Where(u => u.From.Length > 0 && !may.GetValueOrDefault(u.From, []).Contains(u.To))
            .Select(u => $"{u.From} uses {u.To}: {u.File} names {u.Type}");
        AssertNone(wrong.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Directions_name_what_is_used_and_only_folders_above(string project)
    {
        var used = SourceFolders.UsesOf(project).Select(u => (u.From, u.To)).ToHashSet();
        var above = new HashSet<string>();
        var wrong = new List<string>();
        foreach (var (folder, mayUse) in Directions.Read(project))
        {
            wrong.AddRange(mayUse.Where(u => !above.Contains(u)).Select(u => $"{folder}: {u} is not above"));
            wrong.AddRange(mayUse.Where(u => !used.Contains((folder, u))).Select(u => $"{folder}: {u} is not used"));
            Assert.True(above.Add(folder), $"{folder} stands there twice.");
        }

        AssertNone(wrong);
    }

    /// <summary>
    /// What concerns one folder is tested in a folder of that name; what concerns many has a suite of its own.
    /// </summary>
    [Theory]
    [InlineData("ControlPlane.Tests", "ControlPlane", "Client EmbeddedPostgres Fuzz Rules Rules/Model Skew")]
    public void Tests_stand_in_folders_of_the_sources_that_they_test(string tests, string project, string suites)
    {
        var root = Path.Combine(Document.Root, "tests", tests);
        AssertNone(
            Document
                .Sources(root)
                .Select(f => Path.GetDirectoryName(Path.GetRelativePath(root, f.Path))!)
                .Distinct()
                .Where(f => f.Length > 0 && !suites.Split(' ').Contains(f))
                .Where(f => !Directory.Exists(Path.Combine(Document.Root, "src", project, f)))
                .Select(f => $"{tests}/{f}: there is no src/{project}/{f}")
        );
    }

    [Fact]
    public void Only_fronts_of_the_control_plane_know_types_of_gRPC_calls()
    {
        var root = Path.Combine(Document.Root, "src", "ControlPlane");
        AssertNone(
            from file in Document.Sources(root)
            let path = Path.GetRelativePath(root, file.Path)
            where !Fronts.Contains(path.Split('/')[0])
            from name in SourceFolders
                .Parse(file.Path, file.Text)
                .GetRoot(TestContext.Current.CancellationToken)
                .DescendantNodes()
                .OfType<SimpleNameSyntax>()
            where TransportTypes.Contains(name.Identifier.Text)
            select $"{path}: {name.Identifier.Text}"
        );
    }

    /// <summary>Unlike xUnit's own, its failure shows everything.</summary>
    internal static void AssertNone(IEnumerable<string> found)
    {
        var all = string.Join('\n', found);
        Assert.True(all.Length == 0, all);
    }
}
