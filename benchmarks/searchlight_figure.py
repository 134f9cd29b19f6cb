"""Draw the tables that benchmarks/searchlight.py prints.

    python benchmarks/searchlight.py > benchmarks/results/DATE_searchlight.md
    python benchmarks/searchlight_figure.py benchmarks/results/DATE_searchlight.md

writes the PNG beside the file: milliseconds per centre of each implementation, peak memory over the number of centres,
centres per second over threads, milliseconds over the number of volumes.
"""

import sys
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

from heschl.figures import style

DPI = 130
BY, MEMORY, THREADS = ("by", "CPU ms per centre"), ("centres", "input and libraries, MB"), ("threads",)
VOLUMES = ("volumes", "pairs")


def tables(text: str) -> list[list[list[str]]]:
    """Return every table as rows of cells, its head first and without the line below that."""
    found, before = [], ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            if set(line) - set("|- :"):
                found[-1].append([cell.strip() for cell in line.strip().strip("|").split("|")])
        before = line
    return found


def table(found: list[list[list[str]]], head: tuple[str, ...]) -> list[list[str]]:
    """Return the rows of the first table whose head begins so."""
    for one in found:
        if tuple(one[0][: len(head)]) == head:
            return one[1:]
    raise SystemExit(f"no table '| {' | '.join(head)} |': give what benchmarks/searchlight.py printed")


def peers(axes: Axes, rows: list[list[str]]) -> None:
    """Draw a bar for each implementation that was measured, ours in colour."""
    timed = [(row[0], float(row[1])) for row in rows if row[1][:1].isdigit()]
    names, values = zip(*sorted(timed, key=lambda item: -item[1]), strict=True)
    axes.barh(names, values, color=[style.RED if name == "ours" else style.GREY for name in names], height=0.62)
    axes.bar_label(axes.containers[0], [f"{v:.3g}" for v in values], padding=2, fontsize=6)
    axes.set(xscale="log", xlabel="CPU ms per centre, one thread", xlim=(min(values) / 3, max(values) * 6))
    axes.tick_params(axis="y", length=0)
    axes.set_title("Time, 496 volumes, 10 models")


def memory(axes: Axes, rows: list[list[str]]) -> None:
    """Draw the peak of whole processes, with the input alone and with the searchlight."""
    centres, alone, with_it = ([float(row[k]) for row in rows] for k in range(3))
    axes.plot(centres, with_it, "o-", color=style.RED, markersize=3, label="with the searchlight")
    axes.plot(centres, alone, "o--", color=style.GREY, markersize=3, label="input and libraries alone")
    axes.set(xlabel="centres (and voxels)", ylabel="peak memory, MB", ylim=(0, 1.25 * max(with_it)))
    axes.set_xscale("log")
    axes.set_xticks(centres, [f"{c / 1000:g}k" for c in centres])
    axes.legend(loc="upper left")
    axes.set_title("Memory")


def threads(axes: Axes, rows: list[list[str]]) -> None:
    """Draw centres per second beside what perfect scaling would give."""
    count, rate = ([float(row[k]) for row in rows] for k in range(2))
    axes.plot(count, [rate[0] * c / count[0] for c in count], "--", color=style.GREY, label="proportional")
    axes.plot(count, rate, "o-", color=style.RED, markersize=3)
    axes.set(xlabel="threads", ylabel="centres per second", ylim=(0, None), xticks=count)
    axes.set_xlim(min(count) - 0.5, max(count) + 0.5)
    axes.legend(loc="lower right")
    axes.set_title("Threads")


def volumes(axes: Axes, rows: list[list[str]]) -> None:
    """Draw milliseconds over volumes, beside a line that grows as the number of pairs."""
    count, pairs, ms = ([float(row[k]) for row in rows] for k in range(3))
    axes.plot(count, [ms[-1] * p / pairs[-1] for p in pairs], "--", color=style.GREY, label="as the pairs")
    axes.plot(count, ms, "o-", color=style.RED, markersize=3)
    axes.set(xscale="log", yscale="log", xlabel="volumes", ylabel="CPU ms per centre")
    axes.set_xticks(count, [f"{c:g}" for c in count])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="upper left")
    axes.set_title("Volumes")


def main(results: Path) -> None:
    found = tables(results.read_text(encoding="utf-8"))
    with style.sheet(style.DOUBLE, 3.9) as figure:
        ((first, second), (third, fourth)) = figure.subplots(2, 2)
        peers(first, table(found, BY))
        memory(second, table(found, MEMORY))
        threads(third, table(found, THREADS))
        volumes(fourth, table(found, VOLUMES))
        figure.savefig(results.with_suffix(".png"), dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
