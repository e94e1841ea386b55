using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>Parses the <c>grpc-timeout</c> header.</summary>
internal static class GrpcTimeout
{
    public const string Header = "grpc-timeout";

    private const int MaxDigits = 8;

    /// <summary>Parses it as defined in https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.</summary>
    /// <param name="left">Time left; null if there is no header, zero if less than a tick is left.</param>
    /// <returns>False if the header is malformed.</returns>
    public static bool TryRead(StringValues header, out TimeSpan? left)
    {
        left = null;
        if (header.Count == 0)
            return true;
        if (header is not [{ Length: >= 2 and <= MaxDigits + 1 } value])
            return false;
        if (!long.TryParse(value.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var n))
            return false;
        left = value[^1] switch
        {
            'H' => TimeSpan.FromHours(n),
            'M' => TimeSpan.FromMinutes(n),
            'S' => TimeSpan.FromSeconds(n),
            'm' => TimeSpan.FromMilliseconds(n),
            'u' => TimeSpan.FromMicroseconds(n),
            'n' => TimeSpan.FromTicks(n / TimeSpan.NanosecondsPerTick),
            _ => null,
        };
        return left is not null;
    }
}
