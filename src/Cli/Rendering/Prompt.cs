namespace Coder.Mesh.Cli.Rendering;

/// <summary>Asks the person at the terminal.</summary>
/// <param name="talk">Where the question goes.</param>
/// <param name="input">Where the answer comes from; null if no person is there.</param>
internal sealed class Prompt(Terminal talk, Func<TextReader>? input)
{
    /// <summary>Whether somebody sees the question and can answer it.</summary>
    public bool Possible => input is not null && talk.Interactive;

    /// <returns>Null when the input has ended.</returns>
    public async Task<string?> Ask(string question, CancellationToken ct)
    {
        talk.Write($"{Text.OneLine(question)} ");
        string? answer = null;
        try
        {
            // The console has no read that can be cancelled: after Ctrl-C this one is left behind.
            return answer = await Task.Run(input!().ReadLine, CancellationToken.None).WaitAsync(ct);
        }
        finally
        {
            if (answer is null)
                talk.Write("\n");
        }
    }
}
