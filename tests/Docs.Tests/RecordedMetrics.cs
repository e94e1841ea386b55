using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Instruments as they are made, with every tag that they are given.</summary>
internal sealed class RecordedMetrics : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<Instrument, Dictionary<string, HashSet<string>>> _tags = [];

    public RecordedMetrics()
    {
        Meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!ReferenceEquals(instrument.Meter.Scope, Meters))
                return;
            _tags[instrument] = [];
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Record(instrument, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Record(instrument, tags));
        _listener.Start();
    }

    /// <summary>Makes the gauges tell what they have.</summary>
    public void RecordGauges() => _listener.RecordObservableInstruments();

    public IMeterFactory Meters { get; }

    public IEnumerable<string> Rows() =>
        _tags
            .Select(i =>
                Row(i.Key.Name, Kind(i.Key), i.Key.Unit!, i.Value.Select(t => (List<string>)[t.Key, .. t.Value]))
            )
            .Order(StringComparer.Ordinal);

    /// <param name="name">Of the instrument.</param>
    /// <param name="kind">What it measures by.</param>
    /// <param name="unit">UCUM.</param>
    /// <param name="tags">Each tag's name, and then all of its values.</param>
    public static string Row(string name, string kind, string unit, IEnumerable<List<string>> tags) =>
        $"{name} {kind} {unit} "
        + string.Join(
            "; ",
            tags.Select(t => $"{t[0]}: {string.Join(", ", t.Skip(1).Order(StringComparer.Ordinal))}")
                .Order(StringComparer.Ordinal)
        );

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    private void Record(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (key, value) in tags)
        {
            if (!_tags[instrument].TryGetValue(key, out var values))
                _tags[instrument][key] = values = [];
            values.Add((string)value!);
        }
    }

    private static string Kind(Instrument instrument) =>
        instrument switch
        {
            Counter<long> => "counter",
            UpDownCounter<long> => "up-down counter",
            Histogram<double> => "histogram",
            ObservableGauge<long> => "gauge",
            _ => instrument.GetType().Name,
        };
}
