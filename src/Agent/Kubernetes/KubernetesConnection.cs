using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coder.Mesh.Protocol.Network;
using k8s;
using k8s.Authentication;
using k8s.Exceptions;
using YamlDotNet.Core;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Address, credentials and namespace of a cluster.</summary>
internal sealed class KubernetesConnection : IDisposable
{
    private const string FallbackNamespace = "default";

    private KubernetesConnection(
        HttpClient http,
        KubernetesClientConfiguration config,
        X509Certificate2? certificate,
        string ns
    )
    {
        Http = http;
        Credentials = k8s.Kubernetes.CreateCredentials(config);
        RenewsToken = config.TokenProvider is not null;
        ClientCertificate = certificate;
        Namespace = ns;
    }

    public HttpClient Http { get; }

    public ServiceClientCredentials? Credentials { get; }

    /// <summary>Whether the token is renewed, as that of a Pod is, but not one in a kubeconfig.</summary>
    public bool RenewsToken { get; }

    public X509Certificate2? ClientCertificate { get; }

    public string Namespace { get; }

    /// <summary>
    /// Reads the configuration. Does not contact the cluster, but a credential plugin of a kubeconfig runs.
    /// </summary>
    /// <exception cref="KubernetesConfigurationException">There is no usable configuration.</exception>
    public static KubernetesConnection Open(KubernetesOptions options)
    {
        if (options.Kubeconfig is null && !KubernetesClientConfiguration.IsInCluster())
            throw new KubernetesConfigurationException(
                "No cluster is configured: the agent doesn't run in a Pod with a ServiceAccount, and no kubeconfig is "
                    + "named. Name one, or run the agent in its cluster."
            );

        var source = options.Kubeconfig is { } file ? $"The kubeconfig \"{file}\"" : "The Pod's ServiceAccount";
        try
        {
            return Connect(options, Load(options));
        }
        catch (Exception e) when (e is NullReferenceException or InvalidCastException)
        {
            // The library's reaction to a file with other contents.
            throw new KubernetesConfigurationException($"{source} can't be used: it is not a kubeconfig.", e);
        }
        catch (Exception e)
            when (e is KubeConfigException or YamlException or FormatException or CryptographicException
                || e is IOException or UnauthorizedAccessException or ProxyVariableException
            )
        {
            throw new KubernetesConfigurationException($"{source} can't be used: {e.Message}", e);
        }
    }

    public void Dispose() => Http.Dispose();

    private static KubernetesClientConfiguration Load(KubernetesOptions options)
    {
        if (options.Kubeconfig is not { } file)
            return KubernetesClientConfiguration.InClusterConfig();
        var kubeconfig = KubernetesClientConfiguration.LoadKubeConfig(new FileInfo(file));
        var authorities = KubeconfigAuthorities.Read(kubeconfig);
        var config = KubernetesClientConfiguration.BuildConfigFromConfigObject(kubeconfig);
        config.SslCaCerts = authorities;
        return config;
    }

    private static KubernetesConnection Connect(KubernetesOptions options, KubernetesClientConfiguration config)
    {
        if (!Uri.TryCreate(config.Host, UriKind.Absolute, out var host))
            throw new FormatException($"the API server's address \"{config.Host}\" is not a URL.");

        // Without a trailing slash, the last segment of the base would be lost (`https://rancher/k8s/clusters/c-1`).
        var address = host.AbsoluteUri.EndsWith('/') ? host : new Uri(host.AbsoluteUri + "/");
        var certificate = LoadCertificate(config);
        var http = new HttpClient(Handler(config, host, certificate), disposeHandler: true)
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        return new KubernetesConnection(http, config, certificate, Namespaced(options, config));
    }

    private static string Namespaced(KubernetesOptions options, KubernetesClientConfiguration config) =>
        (options.Namespace ?? config.Namespace)?.Trim() is { Length: > 0 } name ? name : FallbackNamespace;

    private static SocketsHttpHandler Handler(
        KubernetesClientConfiguration config,
        Uri host,
        X509Certificate2? certificate
    )
    {
        var handler = new SocketsHttpHandler
        {
            // Detects a dead peer of an idle watch; the library's default of 3 minutes would hide an outage. All
            // requests share a connection, so a dead one has to be abandoned before three probes have failed on it.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(3),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(3),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = EnvironmentProxy.Read(Environment.GetEnvironmentVariable),
            UseProxy = !host.IsLoopback,
        };
        // Validates the variable here instead of failing in each request.
        _ = handler.Proxy?.GetProxy(host);
        if (host.Scheme == Uri.UriSchemeHttps)
            ConfigureTls(handler.SslOptions, config, certificate);
        return handler;
    }

    private static void ConfigureTls(
        SslClientAuthenticationOptions tls,
        KubernetesClientConfiguration config,
        X509Certificate2? certificate
    )
    {
        if (config.SkipTlsVerify)
#pragma warning disable CA5359 // The kubeconfig says insecure-skip-tls-verify in so many words.
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        else if (config.SslCaCerts is { Count: > 0 } authorities)
            tls.CertificateChainPolicy = TrustOnly(authorities);

        if (config.TlsServerName is { Length: > 0 } name)
            tls.TargetHost = name;
        if (certificate is not null)
            tls.ClientCertificates = [certificate];
    }

    private static X509Certificate2? LoadCertificate(KubernetesClientConfiguration config)
    {
        if (config is { ClientCertificateData.Length: > 0, ClientCertificateKeyData.Length: > 0 })
            return X509Certificate2.CreateFromPem(
                Decode(config.ClientCertificateData),
                Decode(config.ClientCertificateKeyData)
            );
        return config is { ClientCertificateFilePath.Length: > 0, ClientKeyFilePath.Length: > 0 }
            ? X509Certificate2.CreateFromPemFile(config.ClientCertificateFilePath, config.ClientKeyFilePath)
            : null;
    }

    private static string Decode(string base64) => Encoding.ASCII.GetString(Convert.FromBase64String(base64));

    private static X509ChainPolicy TrustOnly(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}

/// <summary>The configuration does not tell where the cluster is; only a changed configuration helps.</summary>
internal sealed class KubernetesConfigurationException(string message, Exception? inner = null)
    : Exception(message, inner);
