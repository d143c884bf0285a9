"""How large batches are and how long they take, for status.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Sequence


class Figures:
    """Batches since the last report. A heartbeat without any keeps the figures of the last one that had some."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._took: list[float] = []
        self._told: dict[str, float] = {}

    def add(self, size: int, took_s: float) -> None:
        self._sizes.append(size)
        self._took.append(took_s)

    def gauges(self) -> dict[str, float]:
        if self._sizes:
            sizes, took = sorted(self._sizes), sorted(self._took)
            self._told = {
                "batch-size-mean": round(sum(sizes) / len(sizes), 1),
                "batch-size-max": sizes[-1],
                "batch-size-p50": quantile(sizes, 0.50),
                "batch-size-p99": quantile(sizes, 0.99),
                "batch-latency-ms-p50": round(1000 * quantile(took, 0.50), 3),
                "batch-latency-ms-p99": round(1000 * quantile(took, 0.99), 3),
            }
            self._sizes, self._took = [], []
        return self._told


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the (sorted, not empty) values does not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
