using Coder.Mesh.ControlPlane.Storage;
using JasperFx;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

public sealed class ConflictRetryTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    public static TheoryData<Exception> Conflicts =>
        [
            new ConcurrencyException(typeof(string), "id"),
            Postgres(PostgresErrorCodes.DeadlockDetected),
            Postgres(PostgresErrorCodes.SerializationFailure),
            Postgres(PostgresErrorCodes.LockNotAvailable),
            Postgres(PostgresErrorCodes.UniqueViolation),
            new InvalidOperationException("a save", Postgres(PostgresErrorCodes.DeadlockDetected)),
        ];

    public static TheoryData<Exception> Others =>
        [
            new TimeoutException(),
            Postgres(PostgresErrorCodes.AdminShutdown),
            Postgres(PostgresErrorCodes.InvalidTextRepresentation),
        ];

    [Theory]
    [MemberData(nameof(Conflicts))]
    public async Task A_write_that_conflicts_is_decided_again(Exception conflict)
    {
        var attempts = 0;

        var result = await ConflictRetry
            .Of<int>()
            .ExecuteAsync(_ => ++attempts < 3 ? throw conflict : ValueTask.FromResult(attempts), Ct);

        Assert.Equal(3, result);
    }

    [Theory]
    [MemberData(nameof(Conflicts))]
    public async Task The_last_of_eight_attempts_says_why(Exception conflict)
    {
        var attempts = 0;

        var thrown = await Record.ExceptionAsync(async () =>
            await ConflictRetry
                .Of<int>()
                .ExecuteAsync(_ => ++attempts > 0 ? throw conflict : ValueTask.FromResult(0), Ct)
        );

        Assert.Same(conflict, thrown);
        Assert.Equal(8, attempts);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Nothing_else_is_tried_twice(Exception failure)
    {
        var attempts = 0;

        var thrown = await Record.ExceptionAsync(async () =>
            await ConflictRetry
                .Of<int>()
                .ExecuteAsync(_ => ++attempts > 0 ? throw failure : ValueTask.FromResult(0), Ct)
        );

        Assert.Same(failure, thrown);
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task A_result_can_be_a_conflict_too()
    {
        var attempts = 0;

        var result = await ConflictRetry.Of<int>(r => r < 3).ExecuteAsync(_ => ValueTask.FromResult(++attempts), Ct);

        Assert.Equal(3, result);
    }

    private static PostgresException Postgres(string state) =>
        new("message", "ERROR", "ERROR", state, constraintName: "ux_provider_name");
}
