using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Connection;

/// <summary>Options of every command: which control plane is called, with which token, and for how long.</summary>
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

    public static readonly Option<TimeSpan> RequestTimeout = new("--request-timeout")
    {
        Description = "How long one call may take, such as 500ms, 10s or 1m [default: 10s]",
        HelpName = "time",
        Recursive = true,
        CustomParser = Durations.Parse,
    };

    public static readonly TimeSpan DefaultRequestTimeout = TimeSpan.FromSeconds(10);
}
