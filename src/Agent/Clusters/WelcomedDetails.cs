namespace Coder.Mesh.Agent.Clusters;

/// <summary>Details of the provider from the last Welcome.</summary>
internal sealed class WelcomedDetails
{
    private volatile string? _storageClass;

    /// <summary>Empty for the cluster's default; null before the first Welcome.</summary>
    public string? StorageClass
    {
        get => _storageClass;
        set => _storageClass = value;
    }
}
