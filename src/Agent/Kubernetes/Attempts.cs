using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Tries one object after the other, and keeps what the cluster refuses until all have been tried: one object that is
/// refused never keeps another from being applied or deleted.
/// </summary>
internal sealed class Attempts
{
    // Reads are tried side by side.
    private readonly Lock _lock = new();
    private readonly List<ApiException> _errors = [];
    private readonly List<ClusterRefusal> _refusals = [];

    /// <returns>Whether it was done.</returns>
    /// <exception cref="ClusterException">The API server can't be reached at all, or asks to be left alone.</exception>
    public Task<bool> Try(Func<Task> call) => Try(call, static e => new ClusterRefusal(e.Code, e.Message));

    /// <param name="call">What is tried.</param>
    /// <param name="words">Says what it means that it was refused for good.</param>
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

    /// <summary>What was refused for good; null if nothing was.</summary>
    /// <exception cref="ApiException">
    /// Something failed for a passing reason, or had changed after it was read: it is to be tried again.
    /// </exception>
    public ClusterRefusal? Outcome()
    {
        if ((_errors.Find(e => e.Stale) ?? _errors.FirstOrDefault()) is { } error)
            throw error;
        return _refusals.Find(r => r.Essential) ?? _refusals.FirstOrDefault();
    }
}
