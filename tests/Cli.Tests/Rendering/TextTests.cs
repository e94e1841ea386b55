using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Tests.Rendering;

public sealed class TextTests
{
    [Theory]
    [InlineData("0.1.0", "0.1.0")]
    [InlineData("0.1.0+0123456789ab", "0.1.0+0123456789ab")]
    [InlineData("0.1.0+0123456789abcdef0123456789abcdef01234567", "0.1.0+0123456789ab")]
    [InlineData("agent 0.1.0+0123456789abcdef0123456789abcdef01234567 attached", "agent 0.1.0+0123456789ab attached")]
    [InlineData("0123456789abcdef0123456789abcdef01234567", "0123456789abcdef0123456789abcdef01234567")]
    public void Commits_in_versions_are_shown_with_twelve_digits(string text, string shown) =>
        Assert.Equal(shown, Text.ShortCommits(text));
}
