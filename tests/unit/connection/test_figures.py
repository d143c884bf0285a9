"""Figures about batches."""

from __future__ import annotations

from workers.connection.figures import Figures, quantile


def test_quantiles_are_values_that_occurred() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 3
    assert quantile([7], 0.99) == 7
    assert quantile(list(range(100)), 0.99) == 99


def test_figures_are_of_the_batches_since_the_last_report() -> None:
    figures = Figures()
    assert figures.gauges() == {}
    figures.add(10, 0.002)
    told = figures.gauges()
    assert told == {
        "batch-size-mean": 10, "batch-size-max": 10, "batch-size-p50": 10, "batch-size-p99": 10,
        "batch-latency-ms-p50": 2.0, "batch-latency-ms-p99": 2.0,
    }  # fmt: skip
    assert figures.gauges() == told
    figures.add(20, 0.001)
    assert figures.gauges()["batch-size-p50"] == 20
