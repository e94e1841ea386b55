#!/usr/bin/env bash
# System.CommandLine: what does a validator see of a value that could not be converted?
#
# Guess:    validators run on converted values only, or GetValueOrDefault gives the default of the type; either way a word that
#           is no number ends as a usage error, as it does without the validator.
# Observed: the validator of an Option<int> runs for "abc" too, GetValueOrDefault<int>() throws InvalidOperationException, and
#           the exception leaves Parse: a range check turns a mistyped number into a crash.
# Product:  the load tool ended with a stack trace on `--port abc`. Options with a range convert the text themselves.
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

foreach (var validated in (bool[])[false, true])
{
    var port = new Option<int>("--port");
    if (validated)
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("at least 1");
        });
    Console.WriteLine($"{(validated ? "with a validator" : "without one")}: {Outcome(new RootCommand { port })}");
}

static string Outcome(RootCommand root)
{
    try
    {
        return $"{root.Parse(["--port", "abc"]).Errors.Count} usage error";
    }
    catch (InvalidOperationException e)
    {
        return $"Parse throws {e.GetType().Name}";
    }
}
END

expected='without one: 1 usage error
with a validator: Parse throws InvalidOperationException'
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
