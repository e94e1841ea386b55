using Microsoft.Win32.SafeHandles;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>The reader of the output went away: nobody is left to tell anything.</summary>
internal sealed class OutputClosedException(Exception cause) : Exception("the output was closed", cause);

/// <summary>
/// Stdout where it is a pipe. The console's own stream takes what goes into a closed one for written, so that a command
/// would go on for nobody.
/// </summary>
internal sealed class ClosingPipe : Stream
{
    private readonly FileStream _pipe;

    private ClosingPipe(FileStream pipe) => _pipe = pipe;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <returns>Null where stdout is no pipe: a file has a place to write at that other programs move too.</returns>
    public static TextWriter? OfStdout()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
            return null;
        var stdout = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stdout.CanSeek ? null : new StreamWriter(new ClosingPipe(stdout)) { AutoFlush = true };
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        // What EPIPE is on every Unix.
        const int brokenPipe = 32;
        try
        {
            _pipe.Write(buffer);
        }
        catch (IOException e) when (e.HResult == brokenPipe)
        {
            throw new OutputClosedException(e);
        }
    }

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
