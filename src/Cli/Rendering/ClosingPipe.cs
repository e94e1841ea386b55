using Microsoft.Win32.SafeHandles;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Thrown when the reader of the output has closed it.</summary>
internal sealed class OutputClosedException(Exception cause) : Exception("the output was closed", cause);

/// <summary>
/// Stdout if it is a pipe. Unlike the stream of the console, it reports that the pipe was closed, so that a command
/// ends.
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

    /// <returns>Null if stdout is no pipe. The position of a file may be shared with other programs.</returns>
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
        // EPIPE has this value on every Unix.
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
