namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>The system's time, put forward at will; timers run as ever.</summary>
internal sealed class LaterTime : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
}
