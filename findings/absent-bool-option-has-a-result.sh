#!/usr/bin/env bash
# System.CommandLine: is an option that was not given distinguishable from one that was, by GetResult?
#
# Guess:    ParseResult.GetResult(option) is null for every option that is absent from the command line and has no default
#           value, whatever its type.
# Observed: it is null for bool?, int, string, enum and array options, but an absent Option<bool> has a result with
#           Implicit = true. A filter that is sent "if the option has a result" is then always sent, as false.
# Product:  `mesh providers ls` asked for providers that are not cordoned whenever --cordoned was absent.
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
    <PackageReference Include="System.CommandLine" Version="$(CommandLineVersion)" />
  </ItemGroup>
</Project>
END
cat >"$folder/Program.cs" <<'END'
using System.CommandLine;

Option[] options =
[
    new Option<bool>("--bool"),
    new Option<bool?>("--nullable-bool"),
    new Option<int>("--int"),
    new Option<string>("--string"),
    new Option<DayOfWeek>("--enum"),
    new Option<string[]>("--array"),
];
RootCommand root = [];
foreach (var option in options)
    root.Options.Add(option);
var absent = root.Parse("");
foreach (var option in options)
    Console.WriteLine($"{option.Name} {(absent.GetResult(option) is { } r ? $"implicit={r.Implicit}" : "null")}");
END

expected='--bool implicit=True
--nullable-bool null
--int null
--string null
--enum null
--array null'
for version in 2.0.0 3.0.0; do
  echo "System.CommandLine $version"
  rm -rf "${folder:?}/obj" "${folder:?}/bin"
  seen=$(cd "$folder" && dotnet run --property:CommandLineVersion="$version")
  printf '%s\n' "$seen"
  if [[ $seen != "$expected" ]]; then
    printf 'This differs from what was observed:\n%s\n' "$expected" >&2
    exit 1
  fi
done
