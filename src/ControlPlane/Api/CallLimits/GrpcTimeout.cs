using System.Globalization;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>Reads the header in which a gRPC call says how long it has.</summary>
internal static class GrpcTimeout
{
    public const string Header = "grpc-timeout";

    private const int MaxDigits = 8;

    // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
    /// <returns>Null if there is none, or it can't be read.</returns>
    public static TimeSpan? Read(string? value) =>
        value is { Length: >= 2 and <= MaxDigits + 1 }
        && long.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            ? value[^1] switch
            {
                'H' => TimeSpan.FromHours(n),
                'M' => TimeSpan.FromMinutes(n),
                'S' => TimeSpan.FromSeconds(n),
                'm' => TimeSpan.FromMilliseconds(n),
                'u' => TimeSpan.FromMicroseconds(n),
                'n' => TimeSpan.FromTicks(n / TimeSpan.NanosecondsPerTick),
                _ => null,
            }
            : null;
}
