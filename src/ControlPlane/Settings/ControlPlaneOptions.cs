using System.Net;
using System.Net.Sockets;
using Coder.Mesh.EmbeddedPostgres;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>Where the control plane listens and keeps its data.</summary>
internal sealed class ControlPlaneOptions
{
    public const string Section = "Mesh";

    /// <summary>Where agents and callers of the API reach it. Plain-text HTTP/2; loopback unless allowed.</summary>
    public string GrpcAddress { get; set; } = "http://127.0.0.1:8081";

    /// <summary>Where the API is as JSON. Plain-text HTTP/1.1; loopback unless allowed.</summary>
    public string HttpAddress { get; set; } = "http://127.0.0.1:8080";

    /// <summary>Where metrics and health are: loopback by default, for they are open to whoever reaches them.</summary>
    public string ManagementAddress { get; set; } = "http://127.0.0.1:8082";

    /// <summary>Plain-text gRPC and JSON on other addresses than loopback, as behind a proxy that ends TLS.</summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>The folder of tokens for this machine, and of the embedded PostgreSQL.</summary>
    public string DataFolder { get; set; } = new EmbeddedPostgresOptions().DataFolder;

    /// <returns>Every problem, each naming its setting and rule.</returns>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        CheckPlaintext($"{Section}__{nameof(GrpcAddress)}", GrpcAddress, problems);
        CheckPlaintext($"{Section}__{nameof(HttpAddress)}", HttpAddress, problems);
        Check($"{Section}__{nameof(ManagementAddress)}", ManagementAddress, problems);
        if (!Path.IsPathRooted(DataFolder))
            problems.Add($"{Section}__{nameof(DataFolder)} is \"{DataFolder}\": it must be an absolute path.");
        return problems;
    }

    /// <summary>Tries to listen where it shall, before anything else is begun.</summary>
    /// <returns>Every address where it can't, each with its setting.</returns>
    public IReadOnlyList<string> Unusable()
    {
        var problems = new List<string>();
        foreach (
            var (name, value) in new[]
            {
                (nameof(GrpcAddress), GrpcAddress),
                (nameof(HttpAddress), HttpAddress),
                (nameof(ManagementAddress), ManagementAddress),
            }
        )
        {
            try
            {
                using var probe = new TcpListener(Endpoint(value)!);
                probe.Start();
            }
            catch (SocketException e)
            {
                problems.Add(
                    $"{Section}__{name} is {value}: it can't listen there: {e.Message}. Free it, or set another address: {Section}__{name}."
                );
            }
        }

        return problems;
    }

    /// <returns>Null unless it is http://ADDRESS:PORT with an IP address or localhost.</returns>
    public static IPEndPoint? Endpoint(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != "http")
            return null;
        if (uri.Host == "localhost")
            return new IPEndPoint(IPAddress.Loopback, uri.Port);
        return IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) ? new IPEndPoint(ip, uri.Port) : null;
    }

    private void CheckPlaintext(string setting, string value, List<string> problems)
    {
        Check(setting, value, problems);
        if (Endpoint(value) is { } endpoint && !IPAddress.IsLoopback(endpoint.Address) && !AllowPlaintext)
            problems.Add(
                $"{setting} is {value}: without TLS only loopback is allowed; put a proxy that ends TLS before it and set {Section}__{nameof(AllowPlaintext)}=true."
            );
    }

    private static void Check(string setting, string value, List<string> problems)
    {
        if (Endpoint(value) is null)
            problems.Add($"{setting} is \"{value}\": it must be http://ADDRESS:PORT with an IP address or localhost.");
    }
}
