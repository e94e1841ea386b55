using System.Collections;
using System.Text;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Shared;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>Texts of agents that steer a terminal, pose as others, or never end.</summary>
public sealed class FrameTextTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Bad = "Ab\u202Ec\u0007d\u2028e";

    /// <summary>All texts that an agent can send, by the fields on the way to each.</summary>
    private static readonly List<FieldDescriptor[]> Texts = [.. PathsOf(ConnectRequest.Descriptor)];

    [Fact]
    public void Every_text_of_every_frame_is_clean_and_bounded_or_has_a_rule_of_its_own()
    {
        Assert.True(Texts.Count >= 20);
        foreach (var path in Texts)
        {
            var frame = (ConnectRequest)Message(path, 0, Bad + new string('ß', 2_000));

            FrameTexts.Clean(frame);

            var (name, text) = (string.Join('.', path.Select(f => f.Name)), Read(frame, path));
            if (FrameTexts.Excluded.Contains(path[^1].FullName))
                Assert.StartsWith(Bad, text, StringComparison.Ordinal);
            else if (path[^1].Name == "code")
                Assert.Equal((name, "ab_c_d_e" + new string('_', CleanText.MaxCode - 8)), (name, text));
            else
                Assert.Equal(
                    (name, "Abc d e" + new string('ß', 508), 1023),
                    (name, text, Encoding.UTF8.GetByteCount(text))
                );
        }
    }

    [Fact]
    public void A_field_that_is_not_set_stays_so_and_what_is_clean_stays_as_it_is()
    {
        var frame = new ConnectRequest
        {
            WorkspaceObserved = new WorkspaceObserved { Code = "image_pull_failed", Message = "wörter, 語 and 😀" },
        };
        var before = frame.Clone();

        FrameTexts.Clean(frame);

        Assert.Equal(before, frame);
        Assert.False(frame.WorkspaceObserved.HasDisk);
    }

    [Fact]
    public async Task Nothing_that_reorders_text_gets_from_an_agent_into_the_store()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(
            plane,
            token,
            Ct,
            hello =>
            {
                (hello.AgentVersion, hello.InstanceId, hello.NamespaceUid, hello.AccessUrl) = (Bad, Bad, Bad, Bad);
                hello.Cluster = new ClusterFacts
                {
                    Namespace = Bad,
                    KubernetesVersion = Bad,
                    Driver = Bad,
                };
                hello.Readiness.Conditions.Add(
                    new Condition
                    {
                        Type = Bad,
                        Code = Bad,
                        Message = Bad,
                    }
                );
            }
        );
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        var report = agent.Observation(id, 1, WorkspaceState.Failed);
        (report.Code, report.Message, report.Disk) = (Bad, Bad, "-1Gi");
        report.Timeline.Add(
            new TimelineEntry
            {
                Id = "1",
                Stage = TimelineStage.Notice,
                Code = Bad,
                Message = Bad,
            }
        );
        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        await agent.Next(Frame.ObservedAck, Ct);
        var orphan = agent.Observation(Guid.NewGuid().ToString("n"), 1, WorkspaceState.Running);
        orphan.Held = new HeldWorkspace
        {
            Name = Bad,
            StorageClass = Bad,
            Spec = new WorkspaceSpec
            {
                Image = Bad,
                Cpu = Bad,
                Memory = new string('9', 900),
                Disk = "-1Gi",
            },
        };
        await agent.Snapshot(Ct, orphan);
        await agent.Next(Frame.SnapshotComplete, Ct);

        var shown = await plane.Workspace("dev", Ct);
        Assert.Equal(("ab_c_d_e", "Abc d e"), (shown.StateCode, shown.StateMessage));
        foreach (
            var table in new[]
            {
                "mesh.mt_events",
                "mesh.mt_doc_workspace",
                "mesh.mt_doc_providerpresence",
                OrphanTable.Name,
            }
        )
            Assert.Equal(0L, await Count(plane, $"{table} t where t::text like '%' || chr(8238) || '%'"));
        Assert.Equal(1L, await Count(plane, $"{OrphanTable.Name} where (cpu, memory, disk) = ('', '', '')"));
    }

    private static async Task<object?> Count(TestControlPlane plane, string what)
    {
        await using var database = NpgsqlDataSource.Create(plane.Database);
        await using var command = database.CreateCommand($"select count(*) from {what}");
        return await command.ExecuteScalarAsync(Ct);
    }

    private static IEnumerable<FieldDescriptor[]> PathsOf(MessageDescriptor message) =>
        message
            .Fields.InDeclarationOrder()
            .SelectMany(field =>
                field.IsMap
                    ? FrameTexts.Excluded.Contains(field.FullName)
                        ? []
                        :
                        [
                            [field],
                        ]
                    : field.FieldType == FieldType.String
                        ?
                        [
                            [field],
                        ]
                        : field.FieldType == FieldType.Message
                            ? PathsOf(field.MessageType).Select(rest => (FieldDescriptor[])[field, .. rest])
                            : Enumerable.Empty<FieldDescriptor[]>()
            );

    private static IMessage Message(FieldDescriptor[] path, int at, string text)
    {
        var message = path[at].ContainingType.Parser.ParseFrom(ByteString.Empty);
        object value = at == path.Length - 1 ? text : Message(path, at + 1, text);
        if (path[at].IsRepeated)
            ((IList)path[at].Accessor.GetValue(message)).Add(value);
        else
            path[at].Accessor.SetValue(message, value);
        return message;
    }

    private static string Read(IMessage message, FieldDescriptor[] path)
    {
        object value = message;
        foreach (var field in path)
        {
            value = field.Accessor.GetValue((IMessage)value);
            if (field.IsRepeated)
                value = ((IList)value)[0]!;
        }

        return (string)value;
    }
}
