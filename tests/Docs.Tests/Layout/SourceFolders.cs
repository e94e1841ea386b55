using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Coder.Mesh.Docs.Tests.Layout;

/// <summary>One use of a type of another folder.</summary>
/// <param name="From">Folder below the project, with slashes; empty for the project's own folder.</param>
internal sealed record Use(string From, string To, string File, string Type);

/// <summary>
/// A project of <c>src</c> as the compiler sees it: which folder uses types, constants or extension methods of which
/// other. Documentation comments don't count.
/// </summary>
internal sealed class SourceFolders
{
    private readonly string _root;
    private readonly CSharpCompilation _compilation;

    private static readonly ConcurrentDictionary<string, Lazy<IReadOnlyList<Use>>> Known = new();

    private SourceFolders(string project)
    {
        _root = Path.Combine(Document.Root, "src", project);
        var trees = Document
            .Sources(_root)
            .Concat(Document.Sources("src/Shared"))
            .Concat(GlobalUsings())
            .Select(f => Parse(f.Path, f.Text));
        _compilation = CSharpCompilation.Create(project, trees, References());
    }

    /// <summary>Each pair of folders once for each file and type.</summary>
    public static IReadOnlyList<Use> UsesOf(string project) =>
        Known.GetOrAdd(project, p => new Lazy<IReadOnlyList<Use>>(() => new SourceFolders(p).Uses())).Value;

    private IReadOnlyList<Use> Uses() =>
        [.. _compilation.SyntaxTrees.Where(t => FolderOf(t.FilePath) is not null).SelectMany(UsesOf).Distinct()];

    public static CSharpSyntaxTree Parse(string path, string text) =>
        (CSharpSyntaxTree)CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest), path);

    private IEnumerable<Use> UsesOf(SyntaxTree tree)
    {
        var from = FolderOf(tree.FilePath)!;
        var model = _compilation.GetSemanticModel(tree);
        foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            if (name.FirstAncestorOrSelf<UsingDirectiveSyntax>() is not null)
                continue;
            if (TypeOf(model.GetSymbolInfo(name)) is not { } type)
                continue;
            foreach (var declared in type.DeclaringSyntaxReferences)
            {
                if (FolderOf(declared.SyntaxTree.FilePath) is { } to && to != from)
                    yield return new Use(from, to, Path.GetFileName(tree.FilePath), type.Name);
            }
        }
    }

    // Generated parts are missing here, so that an overload may not be resolved: its candidates say where it is.
    private static INamedTypeSymbol? TypeOf(SymbolInfo info)
    {
        var symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
        var type = symbol as INamedTypeSymbol ?? (symbol is INamespaceSymbol ? null : symbol?.ContainingType);
        while (type?.ContainingType is { } outer)
            type = outer;
        return type;
    }

    /// <returns>Null for a file that is not below the project's folder.</returns>
    private string? FolderOf(string path) =>
        path.StartsWith(_root + "/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal)
            ? Path.GetDirectoryName(Path.GetRelativePath(_root, path))!
            : null;

    private IEnumerable<(string Path, string Text)> GlobalUsings() =>
        Directory
            .EnumerateFiles(Path.Combine(_root, "obj"), "*.GlobalUsings.g.cs", SearchOption.AllDirectories)
            .OrderBy(f => f, StringComparer.Ordinal)
            .Take(1)
            .Select(f => (f, File.ReadAllText(f)));

    /// <summary>What this test runs with: it references the projects, and so has all that they reference.</summary>
    private static IEnumerable<PortableExecutableReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(f => !Path.GetFileName(f).StartsWith("mesh", StringComparison.Ordinal))
            .Select(f => MetadataReference.CreateFromFile(f));
}
