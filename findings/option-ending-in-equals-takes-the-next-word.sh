#!/usr/bin/env bash
# System.CommandLine: what is the value of an option that is written with an equals sign and nothing after it?
#
# Guess:    `--name=` is an empty value, as in getopt_long, Go's flag and pflag, and the same as `--name ''`.
# Observed: the sign is passed over. With nothing after it, it is an error (a required argument is missing); with a word after it,
#           that word becomes the value, though it is an argument of the command: `update --region= west` has the region "west"
#           and no argument. `--region ''` is an empty value.
# Product:  `mesh providers update --region= west` would have updated nothing, or another provider's region, instead of clearing
#           the region of "west".
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

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
  project System.CommandLine "$version"
  check "$expected"
done
