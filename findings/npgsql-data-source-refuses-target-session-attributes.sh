#!/usr/bin/env bash
# Npgsql: may a connection string of a data source name several servers and which of them is wanted?
#
# Guess:    `Host=a,b;Target Session Attributes=primary` opens as a data source as it does as a connection: it is the string that
#           Npgsql documents for a primary and its standbys. With one host it is checked, as by libpq.
# Observed: `new NpgsqlConnection` takes it. `NpgsqlDataSource.Create`, `NpgsqlDataSourceBuilder.Build` and `BuildMultiHost` throw
#           InvalidOperationException: the attribute has to be taken out of the string and given to `WithTargetSession`. With one
#           host each of them throws NotSupportedException.
# Product:  The control plane did not start with the usual string for a failover cluster.
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
    <PackageReference Include="Npgsql" Version="9.0.5" />
  </ItemGroup>
</Project>
END
cat >"$folder/Program.cs" <<'END'
using Npgsql;

const string Several = "Host=a,b;Target Session Attributes=primary";
Say("connection, several", () => new NpgsqlConnection(Several));
Say("Create, several", () => NpgsqlDataSource.Create(Several));
Say("BuildMultiHost, several", () => new NpgsqlDataSourceBuilder(Several).BuildMultiHost());
Say(
    "WithTargetSession, several",
    () => new NpgsqlDataSourceBuilder("Host=a,b").BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
);
Say("Create, one", () => NpgsqlDataSource.Create("Host=a;Target Session Attributes=primary"));

static void Say(string what, Func<object> open)
{
    try
    {
        open();
        Console.WriteLine($"{what}: opens");
    }
    catch (Exception e)
    {
        Console.WriteLine($"{what}: {e.GetType().Name}");
    }
}
END

expected='connection, several: opens
Create, several: InvalidOperationException
BuildMultiHost, several: InvalidOperationException
WithTargetSession, several: opens
Create, one: NotSupportedException'
seen=$(cd "$folder" && dotnet run)
printf '%s\n' "$seen"
if [[ $seen != "$expected" ]]; then
  printf 'This differs from what was observed:\n%s\n' "$expected" >&2
  exit 1
fi
