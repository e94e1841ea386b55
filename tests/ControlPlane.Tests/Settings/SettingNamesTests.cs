using Coder.Mesh.ControlPlane.Settings;
using Microsoft.Extensions.Configuration;

namespace Coder.Mesh.ControlPlane.Tests.Settings;

public sealed class SettingNamesTests
{
    [Theory]
    [InlineData("Mesh:GrpcAdress", "Mesh__GrpcAdress", "Mesh__GrpcAddress")]
    [InlineData("Mesh_GrpcAddress", "Mesh_GrpcAddress", "Mesh__GrpcAddress")]
    [InlineData("Mehs:GrpcAddress", "Mehs__GrpcAddress", "Mesh__GrpcAddress")]
    [InlineData("mesh:datafolders", "mesh__datafolders", "Mesh__DataFolder")]
    [InlineData("Mesh:GrpcAddress:Port", "Mesh__GrpcAddress__Port", "Mesh__GrpcAddress")]
    // In the wrong section, or in none.
    [InlineData("Mesh:HeartbeatInterval", "Mesh__HeartbeatInterval", "Mesh__AgentStream__HeartbeatInterval")]
    [InlineData("Mesh:AgentStreams:DrainTime", "Mesh__AgentStreams__DrainTime", "Mesh__AgentStream__DrainTime")]
    [InlineData(
        "Mesh:EmbeddedPostgres:Setting:work_mem",
        "Mesh__EmbeddedPostgres__Setting__work_mem",
        "Mesh__EmbeddedPostgres__Settings__NAME"
    )]
    [InlineData(
        "Mesh:EmbeddedPostgres:Settings",
        "Mesh__EmbeddedPostgres__Settings",
        "Mesh__EmbeddedPostgres__Settings__NAME"
    )]
    [InlineData("Mesh:EmbeddedPostgres:DataFolder", "Mesh__EmbeddedPostgres__DataFolder", "Mesh__DataFolder")]
    [InlineData("ConnectionStrings:Mehs", "ConnectionStrings__Mehs", "ConnectionStrings__Mesh")]
    [InlineData("ConnectionString:Mesh", "ConnectionString__Mesh", "ConnectionStrings__Mesh")]
    [InlineData("Logging:Console:FormaterName", "Logging__Console__FormaterName", "Logging__Console__FormatterName")]
    public void Misspelt_setting_is_told_with_the_one_that_was_meant(string key, string variable, string meant) =>
        Assert.Equal(
            [$"{variable} is not a setting of the control plane. Did you mean {meant}?"],
            Problems((key, "x"))
        );

    [Theory]
    [InlineData("Mesh:Nonsense")]
    [InlineData("Mesh:Some:Other:Thing")]
    [InlineData("Mesh")]
    public void Setting_like_none_is_told_with_where_all_are(string key) =>
        Assert.Equal(
            [
                $"{key.Replace(":", "__", StringComparison.Ordinal)} is not a setting of the control plane; docs/configuration.md lists them.",
            ],
            Problems((key, "x"))
        );

    [Theory]
    [InlineData("Mesh:GrpcAddress")]
    [InlineData("MESH:GRPCADDRESS")]
    [InlineData("Mesh:AgentStream:HeartbeatInterval")]
    [InlineData("Mesh:EmbeddedPostgres:Settings:shared_buffers")]
    [InlineData("ConnectionStrings:Mesh")]
    [InlineData("ConnectionStrings:Reports")]
    [InlineData("Logging:LogLevel:Coder.Mesh.ControlPlane.Presence")]
    [InlineData("Logging:Console:FormatterOptions:IncludeScopes")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("Kestrel:Limits:MaxConcurrentConnections")]
    // Of the command line and the agent on the same machine.
    [InlineData("MESH_ADDRESS")]
    [InlineData("MESH_ORG")]
    [InlineData("MESH_TOKEN_FILE")]
    [InlineData("MESH_HEALTH_ADDRESS")]
    public void Settings_that_are_read_and_those_of_others_are_no_problem(string key) =>
        Assert.Empty(Problems((key, "x")));

    [Fact]
    public void What_is_near_to_a_setting_that_is_given_is_another_program_s() =>
        Assert.Empty(Problems(("ConnectionStrings:Mesh", "Host=db"), ("ConnectionStrings:Mesh2", "Host=other")));

    [Theory]
    [InlineData("Logging:LogLevel:Default", "Loud", "Trace, Debug, Information, Warning, Error, Critical, None")]
    [InlineData("Logging:Console:LogLevel:Marten", "7", "Trace, Debug")]
    [InlineData("Logging:Console:FormatterName", "jsno", "simple, json, systemd")]
    [InlineData("Logging:Console:FormatterOptions:IncludeScopes", "maybe", "true or false")]
    public void Value_of_the_log_that_cannot_be_read_is_told(string key, string value, string rule)
    {
        var problem = Assert.Single(LogSettings.Problems(Configuration((key, value))));

        Assert.StartsWith(
            $"{key.Replace(":", "__", StringComparison.Ordinal)} is \"{value}\": ",
            problem,
            StringComparison.Ordinal
        );
        Assert.Contains(rule, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_operator_says_of_the_log_wins()
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Marten"] = "Debug",
                ["Logging:Console:FormatterOptions:TimestampFormat"] = "HH:mm ",
            }
        );

        LogSettings.AddDefaults(configuration);

        Assert.Equal("Debug", configuration["Logging:LogLevel:Marten"]);
        Assert.Equal("HH:mm ", configuration["Logging:Console:FormatterOptions:TimestampFormat"]);
        Assert.Equal("true", configuration["Logging:Console:FormatterOptions:SingleLine"]);
        Assert.Empty(LogSettings.Problems(configuration));
        Assert.Empty(SettingNames.Problems(configuration));
    }

    [Fact]
    public void The_program_reads_files_beside_it_and_none_of_the_folder_that_it_is_started_from() =>
        Assert.Equal(AppContext.BaseDirectory, ControlPlaneProgram.NewBuilder().Environment.ContentRootPath);

    private static IReadOnlyList<string> Problems(params (string, string)[] settings) =>
        SettingNames.Problems(Configuration(settings));

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)))
            .Build();
}
