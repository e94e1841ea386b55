using System.Text;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Asks the user at the terminal.</summary>
/// <param name="talk">Where the question goes.</param>
/// <param name="input">Where the answer comes from.</param>
/// <param name="person">Whether the input is a terminal.</param>
internal sealed class Prompt(Terminal talk, Func<TextReader> input, bool person)
{
    /// <summary>Whether a user can see the question and answer it.</summary>
    public bool Possible => person && talk.Interactive;

    /// <returns>Null when the input has ended.</returns>
    public async Task<string?> Ask(string question, CancellationToken ct)
    {
        talk.Write($"{Text.OneLine(question)} ");
        string? answer = null;
        try
        {
            // Reads of the console cannot be cancelled: after Ctrl-C this one is abandoned.
            return answer = await Task.Run(input().ReadLine, CancellationToken.None).WaitAsync(ct);
        }
        finally
        {
            if (answer is null)
                talk.Write("\n");
        }
    }

    /// <summary>Asks for a secret without echo; if the input is no terminal, reads all of it.</summary>
    /// <param name="question">The question.</param>
    /// <param name="maxLength">The maximum length; one more character is read, to detect longer input.</param>
    /// <param name="ct">Cancels it.</param>
    public async Task<string> Secret(string question, int maxLength, CancellationToken ct)
    {
        if (!person)
            return await Task.Run(() => ReadAll(maxLength), CancellationToken.None).WaitAsync(ct);
        // Makes the console switch off the echo before the question is shown.
        _ = Console.KeyAvailable;
        talk.Write($"{Text.OneLine(question)} ");
        try
        {
            return await Task.Run(() => ReadKeys(maxLength), CancellationToken.None).WaitAsync(ct);
        }
        finally
        {
            // Enter was not echoed either.
            talk.Write("\n");
        }
    }

    private string ReadAll(int maxLength)
    {
        var buffer = new char[maxLength + 1];
        return new string(buffer, 0, input().ReadBlock(buffer));
    }

    private string ReadKeys(int maxLength)
    {
        // Clears the line, as usual on terminals.
        const char CtrlU = '\x15';
        var typed = new StringBuilder();
        while (typed.Length <= maxLength && Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
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
