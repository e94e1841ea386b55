using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Tests.CommandLine;

public sealed class DurationTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("10s", 10)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("24h", 86400)]
    [InlineData("1.5m", 90)]
    public void Lengths_of_time_are_read(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), DurationOption.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("0s")]
    [InlineData("10")]
    [InlineData("-1s")]
    [InlineData("1s1m")]
    [InlineData("25h")]
    [InlineData("999999h")]
    [InlineData("9999999s")]
    [InlineData(" 1s")]
    [InlineData("1s\n")]
    [InlineData("١s")]
    public void Nonsense_is_refused(string text) => Assert.Null(DurationOption.TryParse(text));
}
