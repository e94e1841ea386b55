namespace Coder.Mesh.Docs.Tests;

/// <summary>The example of the client library is the source that the end-to-end tests compile and run.</summary>
public sealed class ClientTests
{
    [Fact]
    public void The_example_is_the_source_that_a_test_runs()
    {
        const string Path = "tests/EndToEnd.Tests/Examples/WorkspaceFleet.cs";
        var source = Document
            .Sources("tests/EndToEnd.Tests/Examples")
            .Single(s => s.Path.EndsWith(Path, StringComparison.Ordinal));

        Assert.Equal(source.Text, Document.Read("client.md").BlockAfter($"<!-- {Path} -->\n```csharp", "```"));
    }
}
