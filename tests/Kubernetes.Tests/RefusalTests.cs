namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// The API server itself refuses each object of a workspace for each cause: what the workspace shows for each wish, and
/// that to stop and to delete work all the same.
/// </summary>
public sealed class RefusalTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<Cause, bool> Groups { get; } =
    [.. RefusalCase.All.Select(c => (c.Cause, c.Fresh)).Distinct()];

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Each_wish_shows_what_is_refused_and_stop_and_delete_work(Cause cause, bool fresh)
    {
        var controlPlane = await fixture.Get();

        await Task.WhenAll(RefusalCase.All.Where(c => (c.Cause, c.Fresh) == (cause, fresh)).Select(c => Play(c)));

        async Task Play(RefusalCase refusal)
        {
            await using var scene = await RefusalScene.Set(controlPlane, refusal, Ct);
            await scene.Play(Ct);
        }
    }
}
