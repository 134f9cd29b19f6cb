"""One look for all figures: sizes, colours, and how a figure, its PDF and its table are saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from heschl import store

SINGLE, DOUBLE = 3.5, 7.2  # column widths of a journal, inches
DPI = 200  # of PNGs
INK, GREY, PALE = "#222222", "#8a8a8a", "#d9d9d9"
# Okabe and Ito's palette, which readers with any kind of colour vision tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442",
)  # fmt: skip
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, INK, GREY, "#7f4f24")
ACTIVATION = "inferno"
RC = {
    "font.size": 7.5, "font.family": "DejaVu Sans", "axes.titlesize": 8, "axes.labelsize": 7.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5, "legend.fontsize": 6.5, "legend.frameon": False, "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "lines.linewidth": 1.0, "axes.edgecolor": INK, "text.color": INK, "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK, "pdf.fonttype": 42, "savefig.facecolor": "white", "axes.titlelocation": "left",
    "patch.linewidth": 0.6, "hatch.linewidth": 0.5, "text.usetex": False, "mathtext.default": "regular",
}  # fmt: skip


@contextmanager
def sheet(width_in: float, height_in: float) -> Iterator[Figure]:
    """Give an empty figure, drawn in the house style and without pyplot's global state."""
    with rc_context(RC):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def save(figure: Figure, numbers: pd.DataFrame | Sequence[dict], *, png: Path, pdf: Path, table: Path) -> None:
    """Write a figure as PNG and PDF and its numbers as TSV, each whole or not at all, without timestamps."""
    with rc_context(RC):
        _freeze(figure)
        with store.atomic(png) as file:
            figure.savefig(file, format="png", dpi=DPI)
        with store.atomic(pdf) as file:
            figure.savefig(file, format="pdf", dpi=300, metadata={"CreationDate": None})
    with store.atomic(table) as file:
        frame = pd.DataFrame(numbers)
        frame.to_csv(file, sep="\t", index=False, float_format="%.6g", na_rep="n/a", lineterminator="\n")


def _freeze(figure: Figure) -> None:
    """Lay the figure out once, and round: the layout's solver differs in the tenth digit from run to run."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in figure.subfigs:
        part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), 6))
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 6))


def layer_colours(n_layers: int) -> tuple[ListedColormap, BoundaryNorm]:
    """Return one colour per layer, dark to light with depth, and the norm that maps layer k to colour k."""
    colours = colormaps["viridis"](np.linspace(0.02, 0.98, n_layers) if n_layers > 1 else [0.5])
    return ListedColormap(colours), BoundaryNorm(np.arange(0.5, n_layers + 1), n_layers)


def letter(axes: Axes, text: str) -> None:
    """Mark a panel with its letter."""
    axes.annotate(text, (0, 1), (-4, 4), xycoords="axes fraction", textcoords="offset points",
                  ha="right", va="bottom", fontsize=10, fontweight="bold")  # fmt: skip


def bare(axes: Axes) -> Axes:
    """Take the frame and ticks off an axes that shows a picture."""
    axes.set_axis_off()
    axes.set_aspect("equal")
    return axes


def says(axes: Axes, text: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def label(path: Path, *entities: str) -> str:
    """Join the values of some BIDS entities of a file's name: label(p, "sub", "run") -> "01 1"."""
    pairs = dict(p.split("-", 1) for p in Path(path).name.split("_") if "-" in p)
    return " ".join(pairs[e] for e in entities if e in pairs)


def layer_names(names: Sequence[str]) -> list[str]:
    """Return the variables of a store that hold layers, in order."""
    return sorted(n for n in names if str(n).startswith("layer-"))
