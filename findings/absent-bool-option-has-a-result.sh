#!/usr/bin/env bash
# System.CommandLine: is an option that was not given distinguishable from one that was, by GetResult?
#
# Guess:    ParseResult.GetResult(option) is null for every option that is absent from the command line and has no default
#           value, whatever its type.
# Observed: it is null for bool?, int, string, enum and array options, but an absent Option<bool> has a result with
#           Implicit = true. A filter that is sent "if the option has a result" is then always sent, as false.
# Product:  `mesh providers ls` asked for providers that are not cordoned whenever --cordoned was absent.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

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
  project System.CommandLine "$version"
  check "$expected"
done
