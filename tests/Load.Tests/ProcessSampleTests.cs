using System.Diagnostics;
using Coder.Mesh.Load.Proc;

namespace Coder.Mesh.Load.Tests;

public sealed class ProcessSampleTests
{
    private const string Status = """
        Name:	mesh-load
        VmPeak:	 9999999 kB
        VmHWM:	    2048 kB
        VmRSS:	    1776 kB
        RssAnon:	     112 kB
        """;

    // Fields 14 to 17 are utime 250, stime 50, cutime 700, cstime 300.
    private const string Stat =
        "7575 (a ) (b c) S 7569 7569 3151 0 -1 4194304 100 0 0 0 250 50 700 300 20 0 1 0 139617 3133440 407";

    [Fact]
    public void Kilobytes_and_ticks_become_bytes_and_time()
    {
        var sample = ProcessSample.Parse(Status, Stat);

        Assert.Equal(new ProcessSample(1_776 * 1_024, 2_048 * 1_024, 112 * 1_024, TimeSpan.FromSeconds(3)), sample);
    }

    [Fact]
    public void Time_of_ended_children_is_kept_apart() =>
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10)), ProcessSample.ParseCpu(Stat));

    [Fact]
    public void A_missing_line_is_named()
    {
        var e = Assert.Throws<FormatException>(() => ProcessSample.Parse("VmHWM:	 1 kB", Stat));

        Assert.Contains("VmRSS:", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void This_process_is_read_as_the_runtime_sees_it()
    {
        using var self = Process.GetCurrentProcess();
        var before = self.TotalProcessorTime;

        var sample = ProcessSample.Read(Environment.ProcessId);

        self.Refresh();
        var tick = TimeSpan.FromMilliseconds(20);
        Assert.InRange(sample.Cpu, before - tick, self.TotalProcessorTime + tick);
        Assert.InRange(sample.AnonymousBytes, 1 << 20, sample.ResidentBytes);
        Assert.InRange(sample.ResidentBytes, sample.AnonymousBytes, sample.PeakBytes);
    }

    [Fact]
    public void A_process_that_is_gone_is_a_clear_error()
    {
        using var gone = Process.Start(new ProcessStartInfo("true"))!;
        gone.WaitForExit();

        var e = Assert.Throws<LoadException>(() => ProcessSample.Read(gone.Id));

        Assert.Contains($"process {gone.Id}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_machine_is_busy_when_it_is_neither_idle_nor_waiting() =>
        Assert.Equal(
            TimeSpan.FromSeconds(1 + 2 + 3 + 6 + 7 + 8),
            MachineCpu.ParseBusy("cpu  100 200 300 400000 500000 600 700 800 9000 9000")
        );
}
