using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Watches;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class ChangeBufferTests
{
    [Fact]
    public void Fewer_changes_are_kept_where_they_are_large_and_the_last_one_in_any_case()
    {
        var log = new ChangeBuffer(new WatchLimits { KeptChanges = 100, KeptBytes = 3_500 });
        log.Open("db", new FeedPosition(0, 0), now: new FeedPosition(0, 0));
        for (var i = 1; i <= 10; i++)
            Append(log, i, size: 1_000);

        Assert.Equal("Open 8 9 10", Read(log, after: 7));
        Assert.Equal("Behind", Read(log, after: 6));

        Append(log, 11, size: 10_000);
        Assert.Equal("Open 11", Read(log, after: 10));

        // What has been dropped counts no longer.
        Append(log, 12, size: 1_000);
        Append(log, 13, size: 1_000);
        Assert.Equal("Open 12 13", Read(log, after: 11));
    }

    private static void Append(ChangeBuffer log, int row, int size)
    {
        var shown = new Coder.Mesh.V1.Provider { Name = new string('x', size - 3) };
        Assert.Equal(size, shown.CalculateSize());
        var position = new FeedPosition(1, row);
        log.Append([new ProviderChange(position, Before: null, new ProviderVersion(null!, null!), shown)], position);
    }

    private static string Read(ChangeBuffer log, int after)
    {
        var reader = new WatchCursor(new ResumeToken("db", new FeedPosition(1, after)), _ => true);
        var read = log.Read(reader, most: 100);
        return string.Join(' ', [$"{read.State}", .. read.Changes.Select(c => $"{c.Position.RowId}")]);
    }
}
