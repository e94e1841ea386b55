namespace Coder.Mesh.Agent.Base;

/// <summary>Where the connection's random numbers come from, uniform in [0, 1); tests bring their own.</summary>
internal sealed class Jitter(Func<double> next)
{
    public static readonly Jitter Random = new(System.Random.Shared.NextDouble);

    public double Next() => next();
}
