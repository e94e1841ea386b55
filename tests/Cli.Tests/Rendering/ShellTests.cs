using System.Diagnostics;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Tests.Rendering;

/// <summary>Words that a person pastes, read by a shell.</summary>
public sealed class ShellTests
{
    [Theory]
    [InlineData("")]
    [InlineData("us-east-1")]
    [InlineData("me@prod:8081/a_b=c.d")]
    [InlineData("it's")]
    [InlineData("''")]
    [InlineData("two words")]
    [InlineData("$(id) `id` \\ \" * ~ # ; & | < > ! ?")]
    [InlineData("one\ntwo")]
    public async Task Quoted_word_is_that_word_to_a_shell(string text)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no POSIX shell");
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"printf %s {Shell.Quote(text)}."])
        {
            RedirectStandardOutput = true,
        };
        using var shell = Process.Start(start)!;

        Assert.Equal($"{text}.", await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }
}
