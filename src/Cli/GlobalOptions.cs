using System.CommandLine;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Contexts;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli;

/// <summary>The options that every command takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string> Address = new("--address")
    {
        Description =
            $"The control plane's gRPC port, as http://host:port or https://host:port [env: {Connection.Address.Variable}; default: {Connection.Address.Default}]",
        HelpName = "url",
        Recursive = true,
    };

    public static readonly Option<string> TokenFile = new("--token-file")
    {
        Description =
            $"A file that holds your token [env: {Token.FileVariable}, or the token itself in {Token.Variable}; default: the admin token of a control plane on this machine]",
        HelpName = "file",
        Recursive = true,
    };

    public static readonly Option<string> Context = new("--context")
    {
        Description =
            $"A context of `mesh login`: an address, and the token for it [env: {ContextChoice.Variable}; default: the current one]",
        HelpName = "name",
        Recursive = true,
    };

    public static readonly Option<TimeSpan> RequestTimeoutOption = new("--request-timeout")
    {
        Description = "How long one call may take, such as 500ms, 10s or 1m [default: 10s]",
        HelpName = "time",
        Recursive = true,
        CustomParser = Durations.Parse,
    };

    public static readonly Option<string> Output = MakeOutput();

    /// <summary>The value of an option that is a length of time; its default stands in its description.</summary>
    public static TimeSpan Duration(this ParseResult line, Option<TimeSpan> option, TimeSpan byDefault) =>
        line.IsGiven(option) ? line.GetValue(option) : byDefault;

    public static TimeSpan RequestTimeout(this ParseResult line) =>
        line.Duration(RequestTimeoutOption, TimeSpan.FromSeconds(10));

    public static OutputFormat Format(this ParseResult line) => Words.Value<OutputFormat>(line.GetValue(Output));

    private static Option<string> MakeOutput()
    {
        string[] words = [.. Enum.GetValues<OutputFormat>().Select(Text.Word)];
        var option = new Option<string>("--output", "-o")
        {
            Description = "How data is written; name and id are for lists [default: table]",
            HelpName = string.Join('|', words),
            Recursive = true,
        };
        Words.Only(option, words);
        return option;
    }
}
