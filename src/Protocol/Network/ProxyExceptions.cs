using System.Net;

namespace Coder.Mesh.Protocol.Network;

/// <summary>
/// What <c>no_proxy</c> lists: hosts, domains, addresses and networks that are reached without a proxy. Pure.
/// </summary>
internal sealed class ProxyExceptions
{
    private readonly List<Entry> _entries = [];
    private bool _all;

    private sealed record Entry(string Domain, IPNetwork? Network, int? Port);

    public static ProxyExceptions Parse(string list)
    {
        var exceptions = new ProxyExceptions();
        foreach (var item in list.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            exceptions.Add(item.ToLowerInvariant());
        return exceptions;
    }

    /// <summary>Names are not resolved: addresses match only entries that are addresses.</summary>
    public bool Cover(Uri address)
    {
        if (_all)
            return true;
        var host = address.DnsSafeHost.ToLowerInvariant().TrimEnd('.');
        var ip = IPAddress.TryParse(host, out var parsed) ? parsed : null;
        return _entries.Exists(e =>
            (e.Port is null || e.Port == address.Port)
            && (
                e.Network is { } network
                    ? ip is not null && network.Contains(ip)
                    : host == e.Domain || host.EndsWith($".{e.Domain}", StringComparison.Ordinal)
            )
        );
    }

    private void Add(string item)
    {
        if (item == "*")
        {
            _all = true;
            return;
        }

        if (IPNetwork.TryParse(item, out var network))
        {
            _entries.Add(new Entry("", network, null));
            return;
        }

        var (host, port) = HostAndPort(item);
        if (IPAddress.TryParse(host.Trim('[', ']'), out var ip))
        {
            _entries.Add(new Entry("", new IPNetwork(ip, ip.GetAddressBytes().Length * 8), port));
            return;
        }

        var domain = (host.StartsWith("*.", StringComparison.Ordinal) ? host[1..] : host).Trim('.');
        if (domain.Length > 0)
            _entries.Add(new Entry(domain, null, port));
    }

    // An IPv6 address with a port has brackets.
    private static (string Host, int? Port) HostAndPort(string item)
    {
        var colon = item.LastIndexOf(':');
        var isPlainV6 = item.Count(c => c == ':') > 1 && !item.Contains("]:", StringComparison.Ordinal);
        return colon > 0 && !isPlainV6 && ushort.TryParse(item[(colon + 1)..], out var port)
            ? (item[..colon], port)
            : (item, null);
    }
}
