using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Tries one object after the other and collects refusals until all have been tried, so that a refused object does not
/// prevent others from being applied or deleted.
/// </summary>
internal sealed class Attempts
{
    // Reads run concurrently.
    private readonly Lock _lock = new();
    private readonly List<ApiException> _errors = [];
    private readonly List<ClusterRefusal> _refusals = [];

    /// <returns>Whether it succeeded.</returns>
    /// <exception cref="ClusterException">The API server cannot be reached, or asks for a delay.</exception>
    public Task<bool> Try(Func<Task> call) => Try(call, static e => new ClusterRefusal(e.Code, e.Message));

    /// <param name="call">The request to try.</param>
    /// <param name="words">Describes a permanent refusal.</param>
    public async Task<bool> Try(Func<Task> call, Func<ClusterException, ClusterRefusal> words)
    {
        try
        {
            await call();
            return true;
        }
        catch (ApiException e) when (!e.ForEverything)
        {
            lock (_lock)
            {
                if (e.Stale || e.ToClusterException() is not { Transient: false } refused)
                    _errors.Add(e);
                else
                    _refusals.Add(words(refused));
            }

            return false;
        }
    }

    public void Refused(ClusterRefusal refusal) => _refusals.Add(refusal);

    /// <summary>Returns the permanent refusal; null if there is none.</summary>
    /// <exception cref="ApiException">
    /// A request failed for a temporary reason, or because an object had changed; it has to be repeated.
    /// </exception>
    public ClusterRefusal? Outcome()
    {
        if ((_errors.Find(e => e.Stale) ?? _errors.FirstOrDefault()) is { } error)
            throw error;
        return _refusals.Find(r => r.Essential) ?? _refusals.FirstOrDefault();
    }
}
