using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli;

/// <summary>Follows page tokens to the end.</summary>
internal static class Pages
{
    public const int Size = 200;

    public static async Task<List<T>> All<T>(Func<string, Task<(IEnumerable<T> Items, string Next)>> read)
    {
        var all = new List<T>();
        for (var token = ""; ; )
        {
            var (items, next) = await read(token);
            all.AddRange(items);
            if (next.Length == 0)
                return all;
            // A server that repeats itself would keep us here for ever.
            if (next == token)
                throw new CliException(
                    new Failure("the control plane answered with the same page twice", ExitCodes.Unexpected)
                );
            token = next;
        }
    }
}
