using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Connection;

/// <summary>Options of every command that select the control plane, the token and the timeout of calls.</summary>
internal static class ConnectionOptions
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
            $"File with your token [env: {Token.FileVariable}, or the token itself in {Token.Variable}; default: the admin token of a control plane on this machine]",
        HelpName = "file",
        Recursive = true,
    };

    public static readonly Option<string> Context = new("--context")
    {
        Description =
            $"Context created by `mesh login`: an address and its token [env: {ContextChoice.Variable}; default: the current one]",
        HelpName = "name",
        Recursive = true,
    };

    public static readonly Option<TimeSpan> RequestTimeout = new("--request-timeout")
    {
        Description = "Maximum duration of one call, such as 500ms, 10s or 1m [default: 10s]",
        HelpName = "time",
        Recursive = true,
        CustomParser = DurationOption.Parse,
    };

    public static readonly TimeSpan DefaultRequestTimeout = TimeSpan.FromSeconds(10);
}
