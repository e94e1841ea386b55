namespace Coder.Mesh.Load.Compare;

internal static class Percentile
{
    /// <param name="sorted">In rising order; not empty.</param>
    /// <param name="share">Such as 0.95.</param>
    /// <returns>The smallest value that so many of the values don't exceed (nearest rank).</returns>
    public static double Of(IReadOnlyList<double> sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}
