namespace Coder.Mesh.Agent.Clusters;

/// <summary>What the last Welcome told of the provider's details.</summary>
internal sealed class WelcomedDetails
{
    private volatile string? _storageClass;

    /// <summary>Empty for the cluster's default; null until there was a Welcome.</summary>
    public string? StorageClass
    {
        get => _storageClass;
        set => _storageClass = value;
    }
}
