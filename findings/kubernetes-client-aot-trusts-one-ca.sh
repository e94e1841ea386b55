#!/usr/bin/env bash
# KubernetesClient and KubernetesClient.Aot: how many certificates of a kubeconfig's authority bundle are trusted?
#
# Guess:    both packages are one library compiled twice, so both take every certificate of certificate-authority-data and
#           of a certificate-authority file, as kubectl does.
# Observed: KubernetesClient takes both certificates of a bundle; KubernetesClient.Aot of the same version takes the first.
#           The fix of kubernetes-client/csharp#1689 did not reach it. While a cluster's authority is replaced (old and new in
#           one bundle), a program that was moved to the Aot package trusts only the one that stands first.
# Product:  the agent reported a cluster as unreachable while kubectl worked with the same kubeconfig. It now reads the
#           authorities of a kubeconfig itself.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

cat >"$folder/Program.cs" <<'END'
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;

var bundle = Authority("old") + Authority("new");
var file = Path.Combine(args[0], "ca.crt");
File.WriteAllText(file, bundle);
Console.WriteLine($"data {Trusted($"certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(bundle))}")}");
Console.WriteLine($"file {Trusted($"certificate-authority: {file}")}");

int Trusted(string authority)
{
    var kubeconfig = Path.Combine(args[0], "kubeconfig");
    File.WriteAllText(
        kubeconfig,
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: c
          cluster:
            server: https://127.0.0.1:6443
            {authority}
        contexts:
        - name: x
          context:
            cluster: c
        current-context: x
        """
    );
    return KubernetesClientConfiguration.BuildConfigFromConfigFile(new FileInfo(kubeconfig)).SslCaCerts.Count;
}

static string Authority(string name)
{
    using var key = ECDsa.Create();
    var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
    request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
    using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
    return authority.ExportCertificatePem() + "\n";
}
END

for package in KubernetesClient KubernetesClient.Aot; do
  echo "$package 21.0.8"
  project "$package" 21.0.8
  case $package in
    *.Aot) check $'data 1\nfile 1' "$folder" ;;
    *) check $'data 2\nfile 2' "$folder" ;;
  esac
done
