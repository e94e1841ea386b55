using System.Net;
using System.Net.Sockets;
using Coder.Mesh.EmbeddedPostgres;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>Addresses and data folder of the control plane.</summary>
internal sealed class ControlPlaneOptions
{
    public const string Section = "Mesh";

    /// <summary>Address for agents and gRPC callers. Plain-text HTTP/2; loopback unless allowed otherwise.</summary>
    public string GrpcAddress { get; set; } = "http://127.0.0.1:8081";

    /// <summary>Address of the JSON API. Plain-text HTTP/1.1; loopback unless allowed otherwise.</summary>
    public string HttpAddress { get; set; } = "http://127.0.0.1:8080";

    /// <summary>Address of metrics and health. Loopback by default, since they need no authentication.</summary>
    public string ManagementAddress { get; set; } = "http://127.0.0.1:8082";

    /// <summary>
    /// Allows plain-text gRPC and JSON on other addresses than loopback, such as behind a proxy that terminates TLS.
    /// </summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>Folder of this machine's tokens and of the embedded PostgreSQL.</summary>
    public string DataFolder { get; set; } = new EmbeddedPostgresOptions().DataFolder;

    /// <returns>All problems, each with its setting and the rule.</returns>
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

    /// <summary>Binds the addresses to find out whether they can be used, before anything else is started.</summary>
    /// <returns>All addresses that cannot be used, each with its setting.</returns>
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

    /// <returns>Null unless the address is http://ADDRESS:PORT with an IP address or localhost.</returns>
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
