using System.Collections.Concurrent;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Names of providers for the log, as this replica has seen them last: those whose agents attach here, and no more than
/// there are providers. A name that changes elsewhere is seen when the session is checked.
/// </summary>
internal sealed class ProviderNames(ProviderView view)
{
    private readonly ConcurrentDictionary<string, string> _names = [];

    public void Saw(Provider provider) => _names[provider.ProviderId] = provider.Name;

    public void Renamed(string providerId, string name)
    {
        if (_names.ContainsKey(providerId))
            _names[providerId] = name;
    }

    public void Forget(string providerId) => _names.TryRemove(providerId, out _);

    /// <summary>The id where the name isn't known.</summary>
    public string Of(string providerId) => _names.GetValueOrDefault(providerId, providerId);

    /// <summary>Reads the name if it isn't known; the id if there is none.</summary>
    public async ValueTask<string> Find(string providerId, CancellationToken ct)
    {
        if (!_names.ContainsKey(providerId))
            foreach (var (id, name) in await view.Names([providerId], ct))
                _names[id] = name;
        return Of(providerId);
    }
}
