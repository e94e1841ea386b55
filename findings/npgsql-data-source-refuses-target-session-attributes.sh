#!/usr/bin/env bash
# Npgsql: may a connection string of a data source name several servers and which of them is wanted?
#
# Guess:    `Host=a,b;Target Session Attributes=primary` opens as a data source as it does as a connection: it is the string that
#           Npgsql documents for a primary and its standbys. With one host it is checked, as by libpq.
# Observed: `new NpgsqlConnection` takes it. `NpgsqlDataSource.Create`, `NpgsqlDataSourceBuilder.Build` and `BuildMultiHost` throw
#           InvalidOperationException: the attribute has to be taken out of the string and given to `WithTargetSession`. With one
#           host each of them throws NotSupportedException.
# Product:  The control plane did not start with the usual string for a failover cluster.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

project Npgsql 9.0.5
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
check "$expected"
