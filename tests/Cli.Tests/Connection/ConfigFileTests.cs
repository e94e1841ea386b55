using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Cli.Tests.Connection;

public sealed class ConfigFileTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("mesh-config-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task Lock_that_can_not_be_made_is_told_at_once()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows makes links for administrators only");
        // Its time stands still: who waits in it waits for ever.
        var file = new ConfigFile(name => name == "HOME" ? _home.FullName : null, new FakeTimeProvider());
        Directory.CreateDirectory(Path.GetDirectoryName(file.Path)!);
        File.CreateSymbolicLink($"{file.Path}.lock", $"{file.Path}.lock");

        var ct = TestContext.Current.CancellationToken;
        var refused = file.Change(config => config, ct).WaitAsync(TimeSpan.FromSeconds(20), ct);

        await Assert.ThrowsAsync<CliException>(() => refused);
    }
}
