#!/usr/bin/env bash
# System.CommandLine: what does a validator see of a value that could not be converted?
#
# Guess:    validators run on converted values only, or GetValueOrDefault gives the default of the type; either way a word that
#           is no number ends as a usage error, as it does without the validator.
# Observed: the validator of an Option<int> runs for "abc" too, GetValueOrDefault<int>() throws InvalidOperationException, and
#           the exception leaves Parse: a range check turns a mistyped number into a crash.
# Product:  the load tool ended with a stack trace on `--port abc`. Options with a range convert the text themselves.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

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
  project System.CommandLine "$version"
  check "$expected"
done
