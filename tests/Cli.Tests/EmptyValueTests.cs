using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests;

/// <summary>An empty value that is given by an equals sign.</summary>
public sealed class EmptyValueTests : CliTest
{
    [Theory]
    [InlineData("providers", "update", "--region=", "eu-west-1")]
    [InlineData("providers", "update", "eu-west-1", "--region=")]
    [InlineData("providers", "update", "eu-west-1", "--region", "")]
    public async Task It_clears_what_it_is_given_for_and_takes_no_other_word(params string[] words)
    {
        Server.Providers.All.Add(Sample.Broken());

        var run = await Mesh.Run(words);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Stderr));
        var request = Assert.IsType<UpdateProviderRequest>(Server.Providers.Changed);
        Assert.Equal("", request.Details.Region);
        Assert.Equal(["details.region"], request.UpdateMask.Paths);
    }

    [Theory]
    [InlineData("--region= a", "--region  a")]
    [InlineData("--env=A= --region=", "--env=A= --region ")]
    [InlineData("a= -o= =", "a= -o= =")]
    [InlineData("--org= -- --org=", "--org  -- --org=")]
    public void Only_an_option_without_a_value_is_split(string words, string split) =>
        Assert.Equal(split, string.Join(' ', EmptyValues.Split(words.Split(' '))));
}
