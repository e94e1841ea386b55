# shellcheck shell=bash
# Sourced by each finding: a temporary folder with a .NET project, and the comparison with what was observed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# project PACKAGE VERSION: a project that uses a package, or none if its name is empty. The finding writes its Program.cs.
project() {
  local reference=
  [[ -z $1 ]] || reference="<PackageReference Include=\"$1\" Version=\"$2\" />"
  rm -rf "${folder:?}/obj" "${folder:?}/bin"
  cat >"$folder/Finding.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
  </PropertyGroup>
  <ItemGroup>
    <Compile Include="Program.cs" />
    $reference
  </ItemGroup>
</Project>
END
}

# compare EXPECTED SEEN: prints what was seen, and fails if it differs.
compare() {
  printf '%s\n' "$2"
  [[ $2 == "$1" ]] || {
    printf 'This differs from what was observed:\n%s\n' "$1" >&2
    exit 1
  }
}

# check EXPECTED [ARGUMENT...]: runs the project, and compares what it prints.
check() {
  local expected=$1
  shift
  compare "$expected" "$(cd "$folder" && dotnet run -- "$@")"
}
