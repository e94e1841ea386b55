using System.Collections.Concurrent;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Names of providers for the log, as last seen by this replica. Holds providers whose agents attach here, which bounds
/// its size. A changed name is noticed when the session is checked.
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

    /// <summary>Returns the name; the id if the name is not known.</summary>
    public string Of(string providerId) => _names.GetValueOrDefault(providerId, providerId);

    /// <summary>Returns the name, and reads it if it is not known; the id if there is none.</summary>
    public async ValueTask<string> Find(string providerId, CancellationToken ct)
    {
        if (!_names.ContainsKey(providerId))
            foreach (var (id, name) in await view.Names([providerId], ct))
                _names[id] = name;
        return Of(providerId);
    }
}
