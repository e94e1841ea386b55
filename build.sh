#!/usr/bin/env bash
# The one door to building, testing and running; CI uses it too. Targets live in build.cake.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'END'
usage: ./build.sh TARGET [OPTIONS]

  run        build what runs, then run a control plane with its built-in provider on this machine, until Ctrl-C (run --help)
  test       lint, build, publish, then run all tests; `test Agent Cli` runs those test projects only
  aot        build the agent as native code (minutes), and run the end-to-end tests against that
  chaos      build, then kill control plane, agent and PostgreSQL at random under load on a real Kubernetes API server, and
             check that nothing promised was broken; `chaos 00:02:00 7` does so for 2 minutes (else 10) with seed 7
  fuzz       build, then send mutated bytes to every method and as every frame of an agent, and check that no answer says that the
             control plane failed; `fuzz 50000 7` does so with 50000 inputs (else 1000000) and seed 7
  lint       check formatting, protos and shell scripts
  build      compile everything
  publish    put mesh-control-plane, mesh-agent and mesh into artifacts/; mesh as native code where clang or gcc is there
  format     format all sources in place
  record     keep the protos and frames of a release, for later versions to be compared with; `record v0.2.0`
  release    check that everything of a tagged version is there, and pack it; `release v0.2.0`

Needs the .NET SDK that global.json names; run and test also need PostgreSQL's binaries. README.md says more.
END
}

if ! command -v dotnet >/dev/null; then
  echo "build.sh: no dotnet on PATH. Install the .NET SDK 10: https://dotnet.microsoft.com/download" >&2
  exit 1
fi

# An SDK that was unpacked anywhere is found by PATH, but the executables that it builds look for it by DOTNET_ROOT.
if [[ -z ${DOTNET_ROOT:-} && ! -e /etc/dotnet/install_location ]]; then
  DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
  export DOTNET_ROOT
fi

if [[ ! -t 1 ]]; then export NO_COLOR=1; fi

cake() {
  dotnet tool restore --verbosity quiet >/dev/null
  dotnet cake build.cake --verbosity=minimal --target="$1" "${@:2}"
}

# The three programs, as they are compiled: run needs no tests, nothing compiled ahead, and no analyzers, which take longer
# than the compiler.
build_what_runs() {
  local name project
  dotnet build eng/run.slnf --configuration Release --nologo --verbosity minimal \
    -p:PublishReadyToRun=false -p:PublishAot=false -p:RunAnalyzers=false
  mkdir -p artifacts
  for name in mesh-control-plane:ControlPlane mesh-agent:Agent mesh:Cli; do
    project=${name#*:} name=${name%%:*}
    ln -sfn "../src/$project/bin/Release/net10.0/$name" "artifacts/$name"
  done
}

test_all() {
  local summary=artifacts/test-results/summary.txt code=0 options=() projects
  projects=$(IFS=,; echo "$*")
  [[ -z $projects ]] || options=(--projects="$projects")
  rm -f "$summary"
  cake Test "${options[@]}" || code=$?
  # Cake closes with a report of its own, so the counts are printed here: they are the last line.
  if [[ -f $summary ]]; then cat "$summary"; fi
  return "$code"
}

chaos() {
  local options=()
  [[ -z ${1:-} ]] || options+=(--duration="$1")
  [[ -z ${2:-} ]] || options+=(--seed="$2")
  cake Chaos "${options[@]}"
}

fuzz() {
  local options=()
  [[ -z ${1:-} ]] || options+=(--inputs="$1")
  [[ -z ${2:-} ]] || options+=(--seed="$2")
  cake Fuzz "${options[@]}"
}

target=${1:-help}
[[ $# -eq 0 ]] || shift
case $target in
  help | -h | --help) usage ;;
  run)
    for option; do
      if [[ $option == -h || $option == --help ]]; then exec eng/run.sh --help; fi
    done
    # What can't be run is said before the minutes that building may take.
    eng/run.sh check "$@"
    build_what_runs
    exec eng/run.sh "$@"
    ;;
  test) test_all "$@" ;;
  chaos) chaos "$@" ;;
  fuzz) fuzz "$@" ;;
  aot) cake Aot ;;
  lint) cake Lint ;;
  build) cake Build ;;
  publish) cake Publish ;;
  format) cake Format ;;
  record)
    # What is recorded is said by the version that is about to be tagged.
    MinVerVersionOverride=${1:?a version, such as v0.2.0}
    export MinVerVersionOverride=${MinVerVersionOverride#v}
    cake Record --release="$1"
    ;;
  release) cake Release --release="${1:?a version, such as v0.2.0}" ;;
  *)
    echo "build.sh: no target named '$target'." >&2
    usage >&2
    exit 2
    ;;
esac
