#!/usr/bin/env bash
# Runs a control plane and the agent of its built-in provider until Ctrl-C, then stops both. ./build.sh run calls it with
# "check" to learn whether that can be done, builds, then becomes it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${MESH_ARTIFACTS:-$root/artifacts}

default_data=${XDG_DATA_HOME:-$HOME/.local/share}/coder-mesh
data=$default_data
grpc_port=8081
http_port=8080
management_port=8082
agent_port=8086

usage() {
  cat <<END
usage: ./build.sh run [OPTIONS]

Starts a control plane and the agent of its built-in provider on this machine's loopback addresses, until Ctrl-C.

  --data-folder DIR         where everything is kept, logs too (default $default_data)
  --grpc-port N             API and agents (default $grpc_port)
  --http-port N             the API as JSON (default $http_port)
  --management-port N       metrics and health of the control plane (default $management_port)
  --agent-health-port N     health of the agent (default $agent_port)

--OPTION VALUE can be written --OPTION=VALUE.

Environment:
  KUBECONFIG                workspaces run in that cluster; otherwise in a simulated one, in memory
  MESH_NAMESPACE            the namespace there (default: the kubeconfig's)
  ConnectionStrings__Mesh   a PostgreSQL database to use instead of one started for you
END
}

say() { printf '%s\n' "$*"; }

fail() {
  printf 'run: %s\n' "$*" >&2
  exit 1
}

port_of() {
  if ! [[ $2 =~ ^[0-9]{1,5}$ ]] || ((10#$2 < 1 || 10#$2 > 65535)); then
    fail "$1 takes a port from 1 to 65535, not '$2'."
  fi
  printf '%d' "$((10#$2))"
}

check_only=''
if [[ ${1-} == check ]]; then
  check_only=yes
  shift
fi

while (($# > 0)); do
  option=${1%%=*}
  case $option in
    -h | --help)
      usage
      exit 0
      ;;
    --data-folder | --grpc-port | --http-port | --management-port | --agent-health-port) ;;
    *) fail "no option named $option; ./build.sh run --help lists them." ;;
  esac
  if [[ $1 == *=* ]]; then
    value=${1#*=}
    shift
  else
    value=${2-}
    shift "$(($# > 1 ? 2 : 1))"
  fi
  [[ -n $value && $value != --* ]] || fail "$option needs a value; ./build.sh run --help says which."
  case $option in
    --data-folder) data=$value ;;
    --grpc-port) grpc_port=$(port_of "$option" "$value") ;;
    --http-port) http_port=$(port_of "$option" "$value") ;;
    --management-port) management_port=$(port_of "$option" "$value") ;;
    --agent-health-port) agent_port=$(port_of "$option" "$value") ;;
  esac
done

[[ $data == /* ]] || data=$PWD/$data
logs=$data/logs
address=http://127.0.0.1:$grpc_port
control_plane=''
agent=''
stopping=''
last_status=0
ending=''

# --- small tools -------------------------------------------------------------------------------------------------------

asked_to_stop() { [[ -n $stopping ]]; }

alive() { [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; }

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints the whole answer to a GET on a loopback port; curl is not on every machine.
http_get() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    timeout 5 cat <&3
  ) 2>/dev/null | tr -d '\r'
}

healthy() { [[ $(http_get "$1" "$2" | head -n 1) == *' 200 '* ]]; }

# Each child leads a process group of its own: Ctrl-C reaches this script alone, which stops them in order. Where the
# system can, a child is also told when this script dies without having had the chance.
start() {
  local log=$1 wrapper=()
  shift
  if setpriv --pdeathsig TERM true 2>/dev/null; then wrapper=(setpriv --pdeathsig TERM); fi
  [[ ! -e $log ]] || mv -f "$log" "$log.previous"
  set -m
  "${wrapper[@]}" "$@" </dev/null >"$log" 2>&1 &
  set +m
}

# Asks a child to end, waits, and at the limit ends its whole group.
stop() {
  local pid=$1 limit=$2 waited=0
  alive "$pid" || return 0
  kill -TERM "$pid" 2>/dev/null || true
  while alive "$pid" && ((waited < limit * 10)) && [[ $stopping != now ]]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  if alive "$pid"; then kill -KILL -- "-$pid" 2>/dev/null || true; fi
  wait "$pid" 2>/dev/null || true
}

# What a child that died left in its process group.
stop_rest() {
  if [[ -n $1 ]]; then kill -KILL -- "-$1" 2>/dev/null || true; fi
}

# The process that the data folder's control plane wrote down; it removes that when it ends in order.
folder_owner() { [[ -r $data/control-plane.pid ]] && head -n 1 "$data/control-plane.pid"; }

# A control plane that was killed leaves its PostgreSQL behind. Another's, on the same folder, is not ours to stop.
stop_postgres() {
  local file pid
  [[ -n $control_plane && $(folder_owner) == "$control_plane" ]] || return 0
  for file in "$data"/postgres/*/postmaster.pid; do
    [[ -r $file ]] || continue
    pid=$(head -n 1 "$file")
    [[ $pid =~ ^[0-9]+$ && $(readlink "/proc/$pid/exe") == */postgres ]] || continue
    kill -INT "$pid" 2>/dev/null || true
    for ((i = 0; i < 50; i++)); do
      alive "$pid" || continue 2
      sleep 0.1
    done
    kill -QUIT "$pid" 2>/dev/null || true
  done
}

stop_all() {
  local code=$?
  set +e
  trap 'stopping=now' INT TERM HUP PIPE
  trap - EXIT
  if alive "$agent" || alive "$control_plane"; then say $'\nStopping ...'; fi
  stop "$agent" 10
  stop "$control_plane" 20
  stop_postgres
  stop_rest "$agent"
  stop_rest "$control_plane"
  exit "$code"
}

# Sets "ending" to how a child ended: by its status, or by the one with which it was waited for already.
read_ending() {
  local code=0
  wait "$1" 2>/dev/null || code=$?
  ((code != 127)) || code=$last_status
  ending="has ended by itself with exit code $code"
  if ((code > 128)) && kill -l "$((code - 128))" >/dev/null 2>&1; then
    ending="was ended by signal $((code - 128)) (SIG$(kill -l "$((code - 128))"))"
  fi
}

died() {
  local what=$1 pid=$2 log=$3
  read_ending "$pid"
  {
    printf '\nrun: the %s %s. The last lines of its log:\n' "$what" "$ending"
    tail -n 20 "$log" | sed 's/^/  /'
    printf 'run: the whole log is %s\n' "$log"
  } >&2
  exit 1
}

check_children() {
  if asked_to_stop; then exit 0; fi
  [[ -z $control_plane ]] || alive "$control_plane" || died 'control plane' "$control_plane" "$logs/control-plane.log"
  [[ -z $agent ]] || alive "$agent" || died agent "$agent" "$logs/agent.log"
}

# --- before the start --------------------------------------------------------------------------------------------------

twice=$(printf '%s\n' "$grpc_port" "$http_port" "$management_port" "$agent_port" | sort | uniq -d | head -n 1)
[[ -z $twice ]] || fail "port $twice is chosen twice; the four ports must differ."

free_port() {
  if listening "$1"; then fail "port $1 ($2) is taken. Free it, or choose another: ./build.sh run $3 N"; fi
}
free_port "$grpc_port" 'API and agents' --grpc-port
free_port "$http_port" 'the API as JSON' --http-port
free_port "$management_port" 'metrics and health of the control plane' --management-port
free_port "$agent_port" 'health of the agent' --agent-health-port

# The control plane locks the folder; this comes first, so that the other run's logs are left alone.
if owner=$(folder_owner) && alive "$owner" && [[ $(readlink "/proc/$owner/exe") == */mesh-control-plane ]]; then
  fail "the data folder $data is in use by process $owner. Stop it, or choose another folder: --data-folder DIR"
fi

cluster=simulated
where='a simulated cluster, in memory (set KUBECONFIG for a real one)'
stopping_means='Ctrl-C stops everything and keeps the data.'
if [[ -n ${KUBECONFIG:-} ]]; then
  [[ -f $KUBECONFIG && -r $KUBECONFIG ]] || fail "KUBECONFIG=$KUBECONFIG is not a file that can be read."
  cluster=kubernetes
  where="the cluster of KUBECONFIG=$KUBECONFIG"
  stopping_means='Ctrl-C stops control plane and agent and keeps the data. Workspaces in the cluster run on.'
fi

if ! (umask 077 && mkdir -p "$logs" && [[ -w $logs ]]) 2>/dev/null; then
  fail "the data folder $data can't be written; choose another: --data-folder DIR"
fi

[[ -z $check_only ]] || exit 0

for name in mesh-control-plane mesh-agent mesh; do
  [[ -x $bin/$name ]] || fail "there is no $bin/$name; ./build.sh publish makes it."
done

# Before, the folder's admin can have no workspaces.
used_before=''
[[ ! -e $data/admin-token ]] || used_before=yes

trap stop_all EXIT
trap 'stopping=yes' INT TERM HUP PIPE

# --- the control plane -------------------------------------------------------------------------------------------------

say "Starting the control plane; its data and logs are in $data"
export Mesh__DataFolder=$data Mesh__GrpcAddress=$address
export Mesh__HttpAddress=http://127.0.0.1:$http_port
export Mesh__ManagementAddress=http://127.0.0.1:$management_port
start "$logs/control-plane.log" "$bin/mesh-control-plane"
control_plane=$!
deadline=$((SECONDS + 120))
until healthy "$management_port" /health/ready; do
  check_children
  ((SECONDS < deadline)) || fail "the control plane was not ready after 2 minutes; its log: $logs/control-plane.log"
  sleep 0.2
done

# --- the agent ---------------------------------------------------------------------------------------------------------

say "Starting the agent of the built-in provider on $where"
token=$data/builtin-agent-token
[[ -r $token ]] || fail "there is no $token: was the database made with another data folder? (--data-folder DIR)"
options=(--access-url "$address" --token-file "$token" --health-address "127.0.0.1:$agent_port" --cluster "$cluster")
# The simulated namespace keeps its identity, so that the second start is not taken for another cluster.
if [[ $cluster == simulated ]]; then options+=(--simulated-state "$data/simulated-cluster.json"); fi
start "$logs/agent.log" "$bin/mesh-agent" "${options[@]}"
agent=$!

mesh() { timeout 15 "$bin/mesh" "$@" --address "$address" --token-file "$data/admin-token" </dev/null; }

agent_says() { http_get "$agent_port" /health/ready | tail -n 1; }

provider_says() { http_get "$management_port" /health/built-in | tail -n 1; }

ready() { healthy "$agent_port" /health/ready && healthy "$management_port" /health/built-in; }

not_ready() {
  local agent_said
  agent_said=$(agent_says)
  {
    printf '\nThe provider: %s\nThe agent:    %s\nIts log:      %s\n' \
      "$(provider_says)" "$agent_said" "$logs/agent.log"
    if [[ $agent_said =~ CLUSTER_MISMATCH|NAMESPACE_CHANGED ]]; then
      echo 'A provider belongs to one namespace of one cluster. For another one use another --data-folder.'
    fi
  } >&2
  fail "the built-in provider did not get ready on $where"
}

deadline=$((SECONDS + 40))
until ready; do
  check_children
  # A refused agent tries again only once a minute: nothing would change by waiting.
  if ((SECONDS >= deadline)) || [[ $(agent_says) == refused:* ]]; then not_ready; fi
  sleep 0.3
done

# --- until Ctrl-C ------------------------------------------------------------------------------------------------------

# The CLI finds a control plane at the default places by itself.
cli_environment=''
if ((grpc_port != 8081)); then cli_environment+=$'\n'"  export MESH_ADDRESS=$address"; fi
if [[ $data != "$default_data" ]]; then cli_environment+=$'\n'"  export MESH_TOKEN_FILE=$data/admin-token"; fi
[[ -z $cli_environment ]] || cli_environment+=$'\n'

# A name that none of the admin's workspaces has: `show` fails where there is none.
free_name() {
  local name=dev next=2
  while [[ -n $used_before ]] && ((next <= 20)) && mesh workspaces show "$name" >/dev/null 2>&1; do
    name=dev-$next
    next=$((next + 1))
  done
  printf '%s' "$name"
}
create="$bin/mesh workspaces create $(free_name) --wait"
provider=$(provider_says)
# Elsewhere than by default: the default provider may be one without an agent.
[[ $provider != *'not the default'* ]] || create+=" --provider ${provider%% *}"
# It takes no new ones until then.
[[ $provider != *cordoned* ]] || create="$bin/mesh providers uncordon ${provider%% *}"$'\n'"  $create"

cat <<END

The built-in provider is Ready. Workspaces run in $where.

  API and agents   $address
  API as JSON      $Mesh__HttpAddress
  management       $Mesh__ManagementAddress  (/metrics, /health/ready)
  logs             $logs/control-plane.log
                   $logs/agent.log
  CLI              $bin/mesh

Try, in another terminal:
$cli_environment
  $bin/mesh providers ls
  $create
  $bin/mesh workspaces ls

$stopping_means
END

while ! asked_to_stop; do
  last_status=0
  { wait -n "$control_plane" "$agent" || last_status=$?; } 2>/dev/null
  check_children
done
