using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Coder.Mesh.Docs.Tests.Layout;

/// <summary>Files and methods of the product are short.</summary>
public sealed class LengthTests
{
    private const int MaxFile = 300;
    private const int MaxMethod = 40;

    public static TheoryData<string> Projects =>
        [
            .. Directory
                .EnumerateDirectories(Path.Combine(Document.Root, "src"))
                .Select(d => Path.GetFileName(d)!)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_source_file_is_longer_than_300_lines(string project) =>
        LayoutTests.AssertNone(
            SourcesOf(project)
                .Select(f => (f.Path, Lines: f.Text.AsSpan().TrimEnd().Count('\n') + 1))
                .Where(f => f.Lines > MaxFile)
                .Select(f => $"{Path.GetRelativePath(Document.Root, f.Path)}: {f.Lines}")
        );

    /// <summary>Lambdas count with the method that they stand in, local functions also by themselves.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void No_method_is_longer_than_40_lines(string project) =>
        LayoutTests.AssertNone(
            from file in SourcesOf(project)
            from method in SourceFolders
                .Parse(file.Path, file.Text)
                .GetRoot(TestContext.Current.CancellationToken)
                .DescendantNodes()
            where
                method
                    is BaseMethodDeclarationSyntax
                        or LocalFunctionStatementSyntax
                        or AccessorDeclarationSyntax
                        or PropertyDeclarationSyntax { ExpressionBody: not null }
            let lines = LinesOf(method)
            where lines > MaxMethod
            select $"{Path.GetRelativePath(Document.Root, file.Path)}: {NameOf(method)} {lines}"
        );

    private static IEnumerable<(string Path, string Text)> SourcesOf(string project) =>
        Document.Sources($"src/{project}").OrderBy(f => f.Path, StringComparer.Ordinal);

    /// <summary>
    /// From the first line of the declaration, without attributes and comments, to the last one of its body.
    /// </summary>
    private static int LinesOf(SyntaxNode method)
    {
        var first = method.DescendantTokens().First(t => t.Parent!.FirstAncestorOrSelf<AttributeListSyntax>() is null);
        var lines = method.SyntaxTree.GetLineSpan(TextSpan.FromBounds(first.SpanStart, method.Span.End));
        return lines.EndLinePosition.Line - lines.StartLinePosition.Line + 1;
    }

    private static string NameOf(SyntaxNode node) =>
        node switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            LocalFunctionStatementSyntax local => local.Identifier.Text,
            ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
            PropertyDeclarationSyntax property => property.Identifier.Text,
            _ => node.Kind().ToString(),
        };
}
