"""Timing, and what a reader needs to know of it."""

import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path


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


def seconds(action):
    """Time an action.

    :param action: called without arguments
    :rtype: float
    """
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(name, ours, core, repeat, unit="ms", per=1):
    """Time two actions by turns, after one run of each that warms caches.

    :param str name: what they do
    :param ours: our action
    :param core: core's action
    :param int repeat: how often each
    :param str unit: `ms`
    :param int per: documents that an action makes, to get the time of one
    :rtype: Row
    """
    ours()
    core()
    pairs = [(seconds(ours), seconds(core)) for _run in range(repeat)]
    mine, theirs = zip(*pairs, strict=True)
    return Row(
        name,
        unit,
        1000 * statistics.median(mine) / per,
        1000 * statistics.median(theirs) / per,
        max(spread(mine), spread(theirs)),
    )


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


def table(rows):
    """The rows as text.

    :param list[Row] rows: the measurements
    :rtype: str
    """
    lines = [
        f"{'name':<46} | {'ours':>10} | {'core':>10} | {'ratio':>6} | spread",
        "-" * 90,
    ]
    for row in rows:
        ours, core = (f"{value:.1f} {row.unit}" for value in (row.ours, row.core))
        lines.append(
            f"{row.name:<46} | {ours:>10} | {core:>10} | {row.ratio:>6.2f}"
            f" | ±{row.spread:.0%}"
        )
    return "\n".join(lines)
