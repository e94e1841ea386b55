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
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

cat >"$folder/Finding.csproj" <<'END'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="$(ClientPackage)" Version="21.0.8" />
  </ItemGroup>
</Project>
END
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

check() {
  local package=$1 expected=$2 seen
  echo "$package 21.0.8"
  rm -rf "${folder:?}/obj" "${folder:?}/bin"
  seen=$(cd "$folder" && dotnet run --property:ClientPackage="$package" -- "$folder")
  printf '%s\n' "$seen"
  if [[ $seen != "$expected" ]]; then
    printf 'This differs from what was observed:\n%s\n' "$expected" >&2
    exit 1
  fi
}

check KubernetesClient $'data 2\nfile 2'
check KubernetesClient.Aot $'data 1\nfile 1'
