using System.Diagnostics;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>Where the control plane's executables are, and which version they have.</summary>
public sealed record KubernetesBinaries(string Folder, Version Version)
{
    private const string AssetsVariable = "KUBEBUILDER_ASSETS";
    private static readonly string[] Needed = ["etcd", "kube-apiserver"];
    private static readonly string[] Optional = ["kube-controller-manager", "kube-scheduler"];

    /// <summary>
    /// Whether controllers and scheduler are there too: `setup-envtest` brings only etcd and the API server.
    /// </summary>
    public bool HasControllers => Optional.All(name => File.Exists(Path(name)));

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>
    /// Looks into the folder that <c>KUBEBUILDER_ASSETS</c> names, else for a folder <c>shared/envtest</c> with packed
    /// executables in or beside the checkout.
    /// </summary>
    /// <exception cref="KubernetesUnavailableException">There are none.</exception>
    public static async Task<KubernetesBinaries> Find(CancellationToken ct)
    {
        var folder = Environment.GetEnvironmentVariable(AssetsVariable) is { Length: > 0 } assets
            ? assets
            : await Unpack(ct);
        if (Needed.FirstOrDefault(name => !File.Exists(System.IO.Path.Combine(folder, name))) is { } missing)
            throw new KubernetesUnavailableException(
                $"The folder {folder} has no {missing}; {AssetsVariable} must name one with etcd and kube-apiserver, as "
                    + "`setup-envtest use -p path` prints it."
            );
        return new KubernetesBinaries(folder, await ReadVersion(folder, ct));
    }

    private static async Task<string> Unpack(CancellationToken ct)
    {
        var packed =
            FindPacked()
            ?? throw new KubernetesUnavailableException(
                $"No Kubernetes API server to test with. Install one with `setup-envtest use` and let {AssetsVariable} "
                    + "name its folder (with kube-controller-manager and kube-scheduler beside it for all of the tests)."
            );
        var cache = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "coder-mesh-envtest");
        Directory.CreateDirectory(cache);

        // Several test processes may come at once: one unpacks, the others wait for it.
        await using var taken = await Lock(System.IO.Path.Combine(cache, ".lock"), ct);
        await Run(System.IO.Path.Combine(packed, "unpack"), [cache], ct);
        return cache;
    }

    private static string? FindPacked()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = System.IO.Path.Combine(at.FullName, "shared", "envtest");
            if (File.Exists(System.IO.Path.Combine(candidate, "unpack")))
                return candidate;
        }

        return null;
    }

    private static async Task<FileStream> Lock(string path, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                // Held by another process until it has unpacked.
                await Task.Delay(TimeSpan.FromMilliseconds(200), ct);
            }
        }
    }

    private static async Task<Version> ReadVersion(string folder, CancellationToken ct)
    {
        var said = await Run(System.IO.Path.Combine(folder, "kube-apiserver"), ["--version"], ct);
        var number = said.Trim().Split(' ').Last().TrimStart('v').Split('-', '+')[0];
        return Version.TryParse(number, out var version)
            ? version
            : throw new KubernetesUnavailableException(
                $"kube-apiserver in {folder} calls its version \"{said.Trim()}\"."
            );
    }

    private static async Task<string> Run(string program, string[] arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0
            ? await output
            : throw new KubernetesUnavailableException($"{program} ended with {process.ExitCode}: {await errors}");
    }
}
