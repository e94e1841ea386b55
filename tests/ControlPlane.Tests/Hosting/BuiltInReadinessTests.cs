using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Tests.Deployment;

namespace Coder.Mesh.ControlPlane.Tests.Hosting;

public sealed class BuiltInReadinessTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(ProviderStatus.Pending, false, false, true, false, "here is pending: no agent has attached yet")]
    [InlineData(ProviderStatus.Ready, true, false, true, true, "here is ready")]
    [InlineData(ProviderStatus.Ready, true, true, true, true, "here is ready, cordoned")]
    [InlineData(ProviderStatus.Ready, true, true, false, true, "here is ready, cordoned, not the default")]
    // As the store has it from the time before, until the agent comes back.
    [InlineData(ProviderStatus.Ready, false, false, true, false, "here is ready, but no agent is attached")]
    [InlineData(ProviderStatus.Error, true, false, false, false, "here is in error: code: Message., not the default")]
    public void It_is_ready_with_its_agent_whatever_its_name_cordon_and_rank(
        ProviderStatus status,
        bool attached,
        bool cordoned,
        bool isDefault,
        bool ready,
        string text
    )
    {
        var provider = new Provider("key", "id", "here", ProviderKind.BuiltIn, new ProviderDetails(), Now, [])
        {
            Cordon = cordoned ? new Cordon("why", "who", Now) : null,
        };
        var presence = new ProviderPresence("key", "id", Now)
        {
            Status = status,
            Attached = attached,
            Code = status == ProviderStatus.Error ? "code" : "",
            Message = status == ProviderStatus.Error ? "Message." : "",
        };

        Assert.Equal((ready, text), BuiltInReadiness.Describe(new ProviderOverview(provider, presence), isDefault));
    }
}
