#!/usr/bin/env bash
# System.CommandLine: what is the value of an option that is written with an equals sign and nothing after it?
#
# Guess:    `--name=` is an empty value, as in getopt_long, Go's flag and pflag, and the same as `--name ''`.
# Observed: the sign is passed over. With nothing after it, it is an error (a required argument is missing); with a word after it,
#           that word becomes the value, though it is an argument of the command: `update --region= west` has the region "west"
#           and no argument. `--region ''` is an empty value.
# Product:  `mesh providers update --region= west` would have updated nothing, or another provider's region, instead of clearing
#           the region of "west".
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

Option<string> region = new("--region");
Argument<string> name = new("name") { Arity = ArgumentArity.ZeroOrOne };
RootCommand update = new() { region, name };
foreach (string[] words in new string[][] { ["--region", "", "west"], ["west", "--region="], ["--region=", "west"] })
{
    var line = update.Parse(words);
    var seen = line.Errors.Count > 0
        ? $"error: {line.Errors[0].Message}"
        : $"region '{line.GetValue(region)}', name '{line.GetValue(name)}'";
    Console.WriteLine($"{string.Join(' ', words.Select(w => w == "" ? "''" : w))}: {seen}");
}
END

expected="--region '' west: region '', name 'west'
west --region=: error: Required argument missing for option: '--region'.
--region= west: region 'west', name ''"
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
