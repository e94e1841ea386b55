using System.Text.RegularExpressions;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Marten;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Npgsql;

namespace Coder.Mesh.Docs.Tests.Layout;

/// <summary>Names in SQL texts, which the compiler does not check, are those that Marten stores.</summary>
public sealed partial class SqlTests
{
    private static readonly IReadOnlyList<(string File, string Text)> Literals =
    [
        .. from file in Document.Sources("src/ControlPlane")
        from literal in SourceFolders
            .Parse(file.Path, file.Text)
            .GetRoot()
            .DescendantNodes()
            .Where(n => n is InterpolatedStringExpressionSyntax || n.IsKind(SyntaxKind.StringLiteralExpression))
            // The names of events are defined by attributes.
            .Where(n => n.Parent is not AttributeArgumentSyntax)
        select (Path.GetFileName(file.Path), literal.ToString()),
    ];

    [Fact]
    public void Tables_are_those_of_Marten()
    {
        using var database = NpgsqlDataSource.Create("Host=localhost");
        using var store = DocumentStore.For(o => MartenRegistration.Configure(o, database, new Replica()));

        Assert.Equal(
            [
                (typeof(Organization), Tables.Organizations),
                (typeof(ProviderPresence), Tables.Presences),
                (typeof(Provider), Tables.Providers),
                (typeof(Workspace), Tables.Workspaces),
            ],
            ((Type[])[typeof(Organization), typeof(ProviderPresence), typeof(Provider), typeof(Workspace)]).Select(t =>
                (t, ((IReadOnlyStoreOptions)store.Options).FindOrResolveDocumentType(t).TableName.QualifiedName)
            )
        );
    }

    [Fact]
    public void Tables_of_Marten_are_named_in_one_place_only() =>
        LayoutTests.AssertNone(
            from literal in Literals
            where literal.File != "Tables.cs" && literal.Text.Contains("mt_doc_", StringComparison.Ordinal)
            select $"{literal.File}: {literal.Text}"
        );

    [Fact]
    public void Properties_of_documents_and_events_exist()
    {
        var properties = (
            (Type[])
                [
                    typeof(MeshDeployment),
                    typeof(Organization),
                    typeof(Provider),
                    typeof(ProviderDetails),
                    typeof(ProviderPresence),
                    typeof(WorkspaceDetails),
                    typeof(Workspace),
                ]
        )
            .Concat(EventNames.All.Keys)
            .SelectMany(t => t.GetProperties())
            .Select(p => p.Name)
            .ToHashSet(StringComparer.Ordinal);
        var used = (
            from literal in Literals
            from Match match in Property().Matches(literal.Text)
            select (literal.File, Name: match.Groups[1].Value)
        ).ToList();

        Assert.Contains("ProviderId", used.Select(u => u.Name));
        LayoutTests.AssertNone(
            from name in used
            where !properties.Contains(name.Name)
            select $"{name.File}: {name.Name}"
        );
    }

    [Fact]
    public void Types_of_events_exist()
    {
        var used = (
            from literal in Literals
            from Match match in EventType().Matches(literal.Text)
            select (literal.File, Name: match.Value)
        ).ToList();

        Assert.NotEmpty(used);
        LayoutTests.AssertNone(
            from name in used
            where !EventNames.All.Values.Contains(name.Name)
            select $"{name.File}: {name.Name}"
        );
    }

    [GeneratedRegex(@"->>? '(\w+)'")]
    private static partial Regex Property();

    [GeneratedRegex(@"(?<![\w.])(deployment|organization|presence|provider|workspace)\.[a-z_]+\.v\d\b")]
    private static partial Regex EventType();
}
