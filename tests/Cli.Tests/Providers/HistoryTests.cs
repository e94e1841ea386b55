using System.Text.Json;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Providers;

public sealed class HistoryTests : CliTest
{
    [Fact]
    public async Task History_reads_like_a_log_the_newest_last()
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.History.AddRange(Past().Reverse());

        await CheckInFull("providers-history", "providers", "history", "eu-west-1");
        await CheckInFull("providers-history-json", "providers", "history", "eu-west-1", "-o", "json", "--limit", "2");
    }

    [Fact]
    public async Task Limit_takes_the_newest_ones_over_several_pages_and_says_that_there_are_more()
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.PageSize = 2;
        Server.Providers.History.AddRange(Past().Reverse());

        await CheckInFull("providers-history-limit", "providers", "history", "eu-west-1", "-n", "3");
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(4, true)]
    public async Task All_of_it_says_nothing_of_more(int limit, bool more)
    {
        Server.Providers.All.Add(Sample.Broken());
        Server.Providers.PageSize = 2;
        Server.Providers.History.AddRange(Past().Reverse());

        var run = await Mesh.Run("providers", "history", "eu-west-1", "-o", "json", "--limit", $"{limit}");

        using var json = JsonDocument.Parse(run.Stdout);
        Assert.Equal((limit, more), (json.RootElement.GetArrayLength(), run.Stderr.Length > 0));
    }

    [Fact]
    public async Task History_of_nobody_or_of_no_entries_is_an_error()
    {
        await Check("providers-history-not-found", "providers", "history", "nowhere");
        await Check("usage-limit", "providers", "history", "eu-west-1", "--limit", "0");
    }

    // With the times, which are fixed here.
    private async Task CheckInFull(string name, params string[] arguments) =>
        Expected.Match(name, Expected.Full(arguments, await Mesh.Run(arguments)));

    private static IEnumerable<V1.HistoryEntry> Past() =>
        [
            Sample.Entry(1, "admin", "provider.registered", "registered as \"eu-west-1\": region eu-west-1"),
            Sample.Entry(9, "agent:0198c1de000070008000000000000002", "presence.connected", "agent 0.1.0 attached"),
            Sample.Entry(10, "agent:0198c1de000070008000000000000002", "presence.status", "Ready"),
            Sample.Entry(700, "admin", "provider.cordoned", "cordoned: moves to new hardware\nError: \e[31mnone"),
            Sample.Entry(2000, "sweeper", "presence.status", "Error: agent_disconnected: Nothing heard for 45 s."),
        ];
}
