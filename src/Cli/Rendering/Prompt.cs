using System.Text;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Asks the person at the terminal.</summary>
/// <param name="talk">Where the question goes.</param>
/// <param name="input">Where the answer comes from.</param>
/// <param name="person">Whether a person types it.</param>
internal sealed class Prompt(Terminal talk, Func<TextReader> input, bool person)
{
    /// <summary>Whether somebody sees the question and can answer it.</summary>
    public bool Possible => person && talk.Interactive;

    /// <returns>Null when the input has ended.</returns>
    public async Task<string?> Ask(string question, CancellationToken ct)
    {
        talk.Write($"{Text.OneLine(question)} ");
        string? answer = null;
        try
        {
            // The console has no read that can be cancelled: after Ctrl-C this one is left behind.
            return answer = await Task.Run(input().ReadLine, CancellationToken.None).WaitAsync(ct);
        }
        finally
        {
            if (answer is null)
                talk.Write("\n");
        }
    }

    /// <summary>Asks for what nobody is to see; where no person is there, it is read as a whole.</summary>
    /// <param name="question">The question.</param>
    /// <param name="longest">No more is read, plus one that tells that there was more.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<string> Secret(string question, int longest, CancellationToken ct)
    {
        if (!person)
            return await Task.Run(() => ReadAll(longest), CancellationToken.None).WaitAsync(ct);
        // Has the console switch the echo off: after the question it could be too late.
        _ = Console.KeyAvailable;
        talk.Write($"{Text.OneLine(question)} ");
        try
        {
            return await Task.Run(() => ReadKeys(longest), CancellationToken.None).WaitAsync(ct);
        }
        finally
        {
            // The key that ended it was not shown either.
            talk.Write("\n");
        }
    }

    private string ReadAll(int longest)
    {
        var buffer = new char[longest + 1];
        return new string(buffer, 0, input().ReadBlock(buffer));
    }

    private string ReadKeys(int longest)
    {
        // As everywhere on a terminal, it clears the line.
        const char CtrlU = '\x15';
        var typed = new StringBuilder();
        while (typed.Length <= longest && Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (key.KeyChar == CtrlU)
                typed.Clear();
            else if (key.KeyChar != '\0')
                typed.Append(key.KeyChar);
        }
        return typed.ToString();
    }
}
