using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Presence;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

public sealed class AdmissionTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ProviderPresence Bound = new("presence-p", "p", DateTimeOffset.UnixEpoch)
    {
        NamespaceUid = "uid-1",
        Agent = Agent("uid-1", "workspaces"),
        Epoch = 3,
    };

    [Fact]
    public void The_agent_that_is_bound_may_attach_again() =>
        Assert.Null(Admission.Decide(Bound, Agent("uid-1", "workspaces"), 1, takenBy: null, T0));

    [Fact]
    public void A_first_agent_may_bind_its_namespace() =>
        Assert.Null(
            Admission.Decide(
                new ProviderPresence("presence-p", "p", DateTimeOffset.UnixEpoch),
                Agent("uid-9", "workspaces"),
                1,
                takenBy: null,
                T0
            )
        );

    [Fact]
    public void An_agent_whose_cluster_has_not_answered_may_attach() =>
        Assert.Null(Admission.Decide(Bound, Agent("", "workspaces"), 1, takenBy: null, T0));

    [Theory]
    [InlineData("uid-2", "workspaces", null, 1u, ErrorReasons.ClusterMismatch, "cluster_mismatch")]
    [InlineData("uid-2", "elsewhere", null, 1u, ErrorReasons.NamespaceChanged, "namespace_changed")]
    [InlineData("uid-1", "workspaces", "other", 1u, ErrorReasons.NamespaceTaken, "namespace_taken")]
    [InlineData("uid-1", "workspaces", null, null, ErrorReasons.VersionUnsupported, "version_unsupported")]
    public void Another_cluster_namespace_or_protocol_is_refused(
        string uid,
        string name,
        string? takenBy,
        uint? version,
        string reason,
        string statusCode
    )
    {
        var error = Admission.Decide(Bound, Agent(uid, name), version, takenBy, T0);

        Assert.Equal(reason, error?.Reason);
        Assert.Equal(statusCode, Admission.StatusCodeOf(error!));
    }

    [Fact]
    public void A_deleted_provider_s_agent_is_refused_and_gives_no_status()
    {
        var error = Admission.Decide(Bound with { Ended = true }, Agent("uid-1", "workspaces"), 1, takenBy: null, T0);

        Assert.Equal(ErrorReasons.ProviderDeleted, error?.Reason);
        Assert.Null(Admission.StatusCodeOf(error!));
    }

    private static AgentIdentity Agent(string uid, string name) => new("i", "1.0", uid, name, "v1.31", "kubernetes");
}
