#!/usr/bin/env bash
# Google.Protobuf: what does JsonParser make of a field that is given twice?
#
# Guess:    it is refused, as by Go's protojson: at least where a field comes once by its JSON name and once by its proto name,
#           for a plain JSON parser can't notice that. JsonParser does refuse a second member of a oneof.
# Observed: the last one wins without a word, in both cases.
# Product:  a body with "displayName" and "display_name" stored the second one. Bodies are now checked before they are parsed.
# shellcheck source-path=SCRIPTDIR source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

project Google.Protobuf 3.36.2
cat >"$folder/Program.cs" <<'END'
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

Try("one name", () => FieldDescriptorProto.Parser.ParseJson("""{"number": 1, "number": 2}"""));
Try("two names", () => FieldDescriptorProto.Parser.ParseJson("""{"jsonName": "a", "json_name": "b"}"""));
Try("a key of a map", () => Struct.Parser.ParseJson("""{"key": "a", "key": "b"}"""));

static void Try(string what, Func<IMessage> parse)
{
    try
    {
        Console.WriteLine($"{what}: {parse()}");
    }
    catch (InvalidProtocolBufferException e)
    {
        Console.WriteLine($"{what}: {e.Message}");
    }
}
END

expected='one name: { "number": 2 }
two names: { "jsonName": "b" }
a key of a map: { "key": "b" }'
echo 'Google.Protobuf 3.36.2'
check "$expected"
