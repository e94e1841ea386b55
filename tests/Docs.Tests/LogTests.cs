using System.Reflection;
using Coder.Mesh.Agent;
using Coder.Mesh.ControlPlane;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.EmbeddedPostgres;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Docs.Tests;

/// <summary>The documentation tells from an event id which part of the product wrote a line.</summary>
public sealed class LogTests
{
    private static readonly List<(int Id, string Namespace)> Events =
    [
        .. from assembly in (Assembly[])
            [typeof(ControlPlaneHost).Assembly, typeof(EmbeddedDatabase).Assembly, typeof(AgentHost).Assembly]
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select (message.EventId, type.Namespace!["Coder.Mesh.".Length..]),
    ];

    [Fact]
    public void Every_hundred_of_event_ids_is_documented_with_its_one_writer_and_no_other() =>
        Assert.Equal(
            Events.Select(e => $"{e.Id / 100 * 100} {e.Namespace}").Distinct().Order(StringComparer.Ordinal),
            Document
                .Read("observability.md")
                .Under("## Logs")
                .Rows()
                .Select(r => $"{r[0].Trim('`')} {r[1].Trim('`')}")
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void No_event_id_is_used_twice() => Assert.DoesNotContain(Events.GroupBy(e => e.Id), g => g.Count() > 1);

    /// <summary>In the order of the source, so that the next free id is seen at the end of its file.</summary>
    [Fact]
    public void Event_ids_of_a_class_ascend()
    {
        var unordered =
            from type in Events.GroupBy(e => e.Namespace)
            let ids = type.Select(e => e.Id).ToList()
            where !ids.SequenceEqual(ids.Order())
            select $"{type.Key}: {string.Join(' ', ids)}";

        Assert.Empty(unordered);
    }
}
