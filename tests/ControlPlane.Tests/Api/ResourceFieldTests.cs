using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>
/// A resource has the same fields with the same values wherever it is read. A field that is new to the API needs a
/// value in
/// <see cref="SampleResources"/>, and is compared from then on.
/// </summary>
public sealed class ResourceFieldTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    [Fact]
    public async Task Get_list_and_watch_tell_the_same_of_a_resource_over_gRPC_and_as_JSON()
    {
        await using var sample = await SampleResources.Make(Postgres, Ct);
        var tokens = new Dictionary<string, string>();
        foreach (var kind in ResourceReader.All)
            tokens[kind.Name] = (await kind.Listed(sample.Plane, sample.Ids[kind.Name])).ResumeToken;
        await sample.Touch(Ct);

        foreach (var kind in ResourceReader.All)
        {
            var id = sample.Ids[kind.Name];
            var read = await kind.One(sample.Plane, id);
            IMessage[] gone = sample.Gone.TryGetValue(kind.Name, out var other)
                ? [await kind.One(sample.Plane, other)]
                : [];
            Assert.Empty(ResourceReader.Unset([read, .. gone]));
            Same("list", read, (await kind.Listed(sample.Plane, id)).Resource);
            if (kind.Watch is not null)
                Same("watch", read, await kind.Watched(sample.Plane, tokens[kind.Name], read, Ct));

            var one = (await Send(sample.Plane, "GET", kind.Path(id))).Body!.AsObject().Single().Value!;
            var several = kind.Items((await Send(sample.Plane, "GET", kind.ListPath)).Body!);
            var listed = several.Single(o => (string?)o!["id"] == id)!;
            Same("JSON", read, kind.Parsed(one));
            Assert.Equal(one.ToJsonString(), listed.ToJsonString());
        }
    }

    [Fact]
    public void Every_resource_that_is_listed_and_read_is_compared() =>
        Assert.Equal(
            ["Organization, watched", "Provider, watched", "Workspace, watched"],
            ResourceReader.All.Select(r => r.Watch is null ? r.Name : $"{r.Name}, watched").Order()
        );

    private static void Same(string where, IMessage expected, IMessage actual)
    {
        foreach (var field in expected.Descriptor.Fields.InFieldNumberOrder())
            Assert.Equal(
                $"{where}: {field.Name} = {Text(field.Accessor.GetValue(expected))}",
                $"{where}: {field.Name} = {Text(field.Accessor.GetValue(actual))}"
            );
        Assert.Equal(expected, actual);
    }

    private static string Text(object? value) => value?.ToString() ?? "(unset)";
}
