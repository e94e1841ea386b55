namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>The one Kubernetes control plane of a test assembly, started when the first test asks for it.</summary>
/// <param name="skip">Skips the test that runs, with a reason.</param>
public abstract class SharedKubernetes(Action<string> skip) : IAsyncDisposable
{
    private readonly Lazy<Task<KubernetesControlPlane>> _shared = new(() =>
        Task.Run(() => KubernetesControlPlane.Start(CancellationToken.None))
    );

    /// <summary>Skips the test, or fails it where that is asked for, when there is nothing to test with.</summary>
    public async Task<KubernetesControlPlane> Get()
    {
        try
        {
            var controlPlane = await _shared.Value;
            if (!controlPlane.HasControllers)
                throw new KubernetesUnavailableException(
                    "kube-controller-manager and kube-scheduler are missing beside the API server in KUBEBUILDER_ASSETS."
                );
            return controlPlane;
        }
        catch (KubernetesUnavailableException e) when (!KubernetesControlPlane.Required)
        {
            skip(e.Message);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_shared is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _shared.Value).DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
