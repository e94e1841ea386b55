namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Chains steps that can each fail; the first error is the result.</summary>
internal static class ResultSteps
{
    /// <summary>Continues if no field is invalid.</summary>
    public static Task<Result<T>> Then<T>(this Fields fields, Func<Task<Result<T>>> next) =>
        fields.Error is { } error ? Task.FromResult<Result<T>>(error) : next();

    public static async Task<Result<TNext>> Then<T, TNext>(this Task<Result<T>> step, Func<T, Task<Result<TNext>>> next)
    {
        var result = await step;
        return result.Error is { } error ? error : await next(result.Value);
    }

    public static async Task<Result<TNext>> Map<T, TNext>(this Task<Result<T>> step, Func<T, Task<TNext>> map)
    {
        var result = await step;
        return result.Error is { } error ? error : Result.Of(await map(result.Value));
    }

    public static async Task<Result<TNext>> Map<T, TNext>(this Task<Result<T>> step, Func<T, TNext> map)
    {
        var result = await step;
        return result.Error is { } error ? error : Result.Of(map(result.Value));
    }

    /// <summary>Looks up an optional value; returns <paramref name="otherwise"/> if none is given.</summary>
    public static Task<Result<T>> When<T>(bool given, Func<Task<Result<T>>> look, T otherwise) =>
        given ? look() : Task.FromResult<Result<T>>(otherwise);
}
