using System.Collections;
using System.CommandLine;
using Coder.Mesh.Agent.Configuration;

namespace Coder.Mesh.Agent;

/// <summary>
/// Command line of the agent: reads flags, environment and settings file, and runs the agent if they are valid.
/// </summary>
internal static class AgentCommand
{
    private const int ExitBadOptions = 2;
    private const string ConfigFlag = "--config";

    public static Task<int> Run(string[] args, Func<AgentOptions, Task<int>> run) =>
        Run(args, ReadEnvironment(), Console.Error, run);

    public static async Task<int> Run(
        string[] args,
        IReadOnlyDictionary<string, string> environment,
        TextWriter complaints,
        Func<AgentOptions, Task<int>> run
    )
    {
        var config = new Option<string?>(ConfigFlag)
        {
            HelpName = "FILE",
            Description = $"JSON file of settings, below flags and environment. [{SettingSource.ConfigVariable}]",
        };
        var options = Setting.All.ToDictionary(s => s, MakeOption);
        var command = MakeCommand(config, options.Values);

        var parsed = command.Parse(args);
        // Help and version have their own actions.
        if (parsed.Errors.Count == 0 && parsed.Action != command.Action)
            return await parsed.InvokeAsync();

        var errors = parsed.Errors.Select(e => e.Message).ToList();
        if (parsed.CommandResult.Command != command)
            return await Complain(errors, complaints);

        errors.AddRange(MisspeltVariables.In(environment));
        var configFlag = parsed.GetResult(config) is null ? null : parsed.GetValue(config);
        var resolved = Resolve(Flags(parsed, options), environment, configFlag, errors);
        return resolved is null ? await Complain(errors, complaints) : await run(resolved);
    }

    private static RootCommand MakeCommand(Option<string?> config, IEnumerable<Option> options)
    {
        var command = new RootCommand(
            "The agent of a workspace provider. It dials out to the control plane and makes workspaces in one namespace "
                + "of a cluster. Each setting can be a flag, a variable of the environment or a key of the JSON file; "
                + "flags win over environment, environment over file."
        );
        command.Options.Add(config);
        foreach (var option in options)
            command.Options.Add(option);
        command.SetAction((_, _) => Task.FromResult(0));
        command.Subcommands.Add(RoleCommand.Make());
        return command;
    }

    private static Dictionary<string, string> Flags(ParseResult parsed, IReadOnlyDictionary<Setting, Option> options)
    {
        var flags = new Dictionary<string, string>();
        foreach (var (setting, option) in options)
            if (parsed.GetResult(option) is { Implicit: false, Errors: var wrong } && !wrong.Any())
                flags[setting.Flag] = FlagValue(parsed, option);
        return flags;
    }

    private static async Task<int> Complain(List<string> errors, TextWriter complaints)
    {
        foreach (var error in errors)
            await complaints.WriteLineAsync($"mesh-agent: {error}");
        await complaints.WriteLineAsync("mesh-agent: run with --help to see all settings.");
        return ExitBadOptions;
    }

    private static AgentOptions? Resolve(
        IReadOnlyDictionary<string, string> flags,
        IReadOnlyDictionary<string, string> environment,
        string? configFlag,
        List<string> errors
    )
    {
        var path = configFlag ?? environment.GetValueOrDefault(SettingSource.ConfigVariable);
        var file = string.IsNullOrEmpty(path)
            ? new Dictionary<string, string>()
            : SettingsFile.Read(path, configFlag is null ? SettingSource.ConfigVariable : ConfigFlag, errors);
        return new OptionsReader(new SettingSource(flags, environment, file, path), errors).Read();
    }

    private static Option MakeOption(Setting setting)
    {
        var description = $"{setting.Help} [{setting.Variable}]";
        return setting.Placeholder is null
            ? new Option<bool>(setting.Flag) { Description = description }
            : new Option<string?>(setting.Flag) { HelpName = setting.Placeholder, Description = description };
    }

    private static string FlagValue(ParseResult parsed, Option option) =>
        option is Option<bool> flag ? parsed.GetValue(flag).ToString() : parsed.GetValue((Option<string?>)option) ?? "";

    private static Dictionary<string, string> ReadEnvironment() =>
        Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "");
}
