"""Timing, and what a reader needs to know of it."""

import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HEADER = f"{'':<52} | {'ours':>11} | {'core':>11} |  ratio | spread"


@dataclass
class Row:
    """One thing measured on both sides.

    :param str name: what was done
    :param str unit: of the figures
    :param float ours: median of ours
    :param float core: median of core's
    :param float spread: largest distance of a quartile from its median, relative to it
    """

    name: str
    unit: str
    ours: float
    core: float
    spread: float = 0.0

    @property
    def ratio(self):
        """Ours relative to core's: below 1 is less.

        :rtype: float
        """
        return self.ours / self.core

    def __str__(self):
        ours, core = (f"{value:.2f} {self.unit}" for value in (self.ours, self.core))
        return (
            f"{self.name:<52} | {ours:>11} | {core:>11} | {self.ratio:>6.2f}"
            f" | ±{self.spread:.0%}"
        )


def seconds(action):
    """Time an action.

    :param action: called without arguments
    :rtype: float
    """
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(name, ours, core, repeat, per=1):
    """Time two actions by turns, after one run of each that warms caches.

    :param str name: what they do
    :param ours: our action
    :param core: core's action
    :param int repeat: how often each
    :param int per: documents that an action makes, to get the time of one
    :rtype: Row
    """
    ours()
    core()
    pairs = [(seconds(ours), seconds(core)) for _run in range(repeat)]
    mine, theirs = zip(*pairs, strict=True)
    return Row(
        name,
        "ms",
        1000 * statistics.median(mine) / per,
        1000 * statistics.median(theirs) / per,
        max(spread(mine), spread(theirs)),
    )


def side_rows(name, kinds, figures, middle):
    """A row of each kind of figure that was taken on both sides.

    :param str name: of what was measured
    :param kinds: of each its name, its unit, and what it is divided by
    :param dict figures: lists of tuples, with a figure of each kind, of both sides
    :param middle: returns what stands for all figures of a kind
    :rtype: list[Row]
    """
    sides = [list(zip(*figures[side], strict=True)) for side in ("ours", "core")]
    return [
        Row(f"{name}, {kind}", unit, middle(ours) / scale, middle(core) / scale)
        for (kind, unit, scale), ours, core in zip(kinds, *sides, strict=False)
    ]


def spread(values):
    """Largest distance of a quartile from the median, relative to the median.

    :rtype: float
    """
    if len(values) < 3:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4)
    return max(high - middle, middle - low) / middle


def save(rows, path):
    """Write the rows for machines.

    :param list[Row] rows: the measurements
    :param str path: of the file
    """
    facts = [{**asdict(row), "ratio": row.ratio} for row in rows]
    Path(path).write_text(json.dumps(facts, indent=2) + "\n")
