#!/usr/bin/env bash
# Npgsql and PostgreSQL: how does a client learn that idle_in_transaction_session_timeout has ended its session?
#
# Guess:    The next command throws a PostgresException with SQLSTATE 25P03 (idle_in_transaction_session_timeout), which the server
#           sends before it closes the connection, whichever way the client is connected.
# Observed: So it is over TCP. Over a Unix socket, the next command throws a plain NpgsqlException, "Exception while writing to
#           stream", without SQLSTATE: writing to a closed socket fails at once there, and the message of the server, which is
#           already in the receive buffer, is never read.
# Product:  Retries must not depend on 25P03: with the embedded PostgreSQL, which is reached by a socket, it never arrives.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
bin=$(compgen -G '/usr/lib/postgresql/15/bin' || true)
[[ -n $bin ]] || { echo 'needs the server of PostgreSQL 15 (apt install postgresql-15)' >&2; exit 2; }

# PostgreSQL does not run as root.
as_user() { if [[ $EUID -eq 0 ]]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi; }

trap 'as_user "$bin/pg_ctl" -D "$folder/pg/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
chmod 755 "$folder"
mkdir "$folder/pg"
if [[ $EUID -eq 0 ]]; then chown nobody "$folder/pg"; fi
port=$((20000 + RANDOM % 20000))
(
  cd "$folder/pg"
  as_user "$bin/initdb" -D "$folder/pg/data" -U finding -A trust >/dev/null
  as_user "$bin/pg_ctl" -D "$folder/pg/data" -l "$folder/pg/log" -w \
    -o "-p $port -k $folder/pg -c listen_addresses=127.0.0.1 -c idle_in_transaction_session_timeout=500ms" start >/dev/null
)

project Npgsql 9.0.5
cat >"$folder/Program.cs" <<'END'
using Npgsql;

foreach (var (name, host) in new[] { ("tcp", "127.0.0.1"), ("socket", args[1]) })
{
    await using var connection = new NpgsqlConnection(
        $"Host={host};Port={args[0]};Username=finding;Database=postgres;Pooling=false;SSL Mode=Disable"
    );
    await connection.OpenAsync();
    await using var transaction = await connection.BeginTransactionAsync();
    await using var command = new NpgsqlCommand("select 1", connection);
    await command.ExecuteScalarAsync();
    await Task.Delay(2000);
    try
    {
        await command.ExecuteScalarAsync();
        Console.WriteLine($"{name}: no error");
    }
    catch (NpgsqlException e)
    {
        Console.WriteLine($"{name}: {e.GetType().Name}, SQLSTATE {e.SqlState ?? "none"}");
    }
}
END

expected='tcp: PostgresException, SQLSTATE 25P03
socket: NpgsqlException, SQLSTATE none'
check "$expected" "$port" "$folder/pg"
