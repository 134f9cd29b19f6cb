"""F4 and F5 of neuroplasticity: networks A and B, from a voxel's series to a subject."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from heschl.errors import HeschlError
from heschl.figures import style

TITLE = "The network that tells subjects apart"
CAPTION = (
    "Convolutional network of the published sizes (A: experiments 4.1 and 4.2; B: 4.3), for 7 subjects. Each block is "
    "what a layer gives: its height goes with the square root of the number of samples, its width with that of the "
    "number of filters or units. Convolutions have stride 1 and no padding and are followed by a rectifier (not "
    "stated in the paper; the default of the library it used); pools take the larger of two samples. Below: filters x "
    "samples of the output, kernel, and number of weights and biases. Networks of a reduced run are narrower by their "
    "setting `width`."
)
HEADS = ("output", "kernel", "parameters")
INKS = {
    "input": style.PALE,
    "convolution": style.SKY,
    "pool": "#cfe6f5",
    "hidden": style.ORANGE,
    "softmax": style.GREEN,
}
ARROW = {"arrowstyle": "-|>", "lw": 0.6, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 5, "color": style.INK}


def draw(*, network: str, png: Path, pdf: Path, table: Path) -> None:
    """Draw network "a" or "b" at its full width.

    Raises
    ------
    HeschlError
        If network is neither.
    """
    from heschl.nets import subject_cnn as nets

    if network not in ("a", "b"):
        raise HeschlError("network", f"{network!r}", "wanted a or b")
    net = nets.network_a() if network == "a" else nets.network_b()
    layers, kernels = nets.describe(net), [kernel for _, kernel in (nets.A if network == "a" else nets.B)]
    rows = [_row(*layer, kernels) for layer in layers]
    with style.sheet(style.DOUBLE, 2.5) as figure:
        axes = figure.add_subplot()
        _chain(axes, rows)
        total = sum(row["parameters"] for row in rows)
        axes.set_title(f"network {network.upper()}: {total:,} parameters", loc="center")
    style.save(figure, [*rows, {"layer": "total", "parameters": total}], png=png, pdf=pdf, table=table)


def _row(name: str, shape: tuple[int, ...], parameters: int, kernels: list[int]) -> dict:
    """Return one layer: filters or units, samples, kernel (of convolutions and pools) and parameters."""
    number = int(name.split()[-1]) if name[-1].isdigit() else 0
    kernel = kernels[number - 1] if "convolution" in name else 2 if "pool" in name else None
    samples = shape[1] if len(shape) > 1 else 1
    return {"layer": name, "filters": shape[0], "samples": samples, "kernel": kernel, "parameters": parameters}


def _kind(name: str) -> str:
    return next(kind for kind in INKS if kind in name)


def _size(row: dict) -> tuple[float, float]:
    """Return width and height of a block, in units of the axes."""
    units = _kind(row["layer"]) in ("hidden", "softmax")
    filters, samples = (1, row["filters"]) if units else (row["filters"], row["samples"])
    return 0.1 + 0.5 * math.sqrt(filters / 500), 0.1 + 1.9 * math.sqrt(samples / 782)


def _chain(axes: Axes, rows: list[dict]) -> None:
    axes.set(xlim=(-1.25, len(rows) - 0.4), ylim=(-1.15, 2.6))
    axes.set_axis_off()
    for y, name in enumerate(HEADS):
        axes.text(-1.25, -0.3 - 0.32 * y, name, ha="left", va="center", fontsize=6.2, color=style.GREY)
    for x, row in enumerate(rows):
        width, height = _size(row)
        axes.add_patch(Rectangle((x - width / 2, 1 - height / 2), width, height, fc=INKS[_kind(row["layer"])],
                                 ec=style.INK, lw=0.6, zorder=2))  # fmt: skip
        axes.text(x, 2.25, row["layer"].replace(" ", "\n"), ha="center", va="bottom", fontsize=6.5)
        for y, text in enumerate(_texts(row)):
            axes.text(x, -0.3 - 0.32 * y, text, ha="center", va="center", fontsize=6.2)
        if x:
            before = _size(rows[x - 1])[0]
            axes.annotate("", (x - width / 2, 1), (x - 1 + before / 2, 1), arrowprops=ARROW, zorder=3)


def _texts(row: dict) -> tuple[str, str, str]:
    """Write what comes out of a layer, its kernel and its parameters."""
    units = _kind(row["layer"]) in ("hidden", "softmax")
    kernel = "–" if row["kernel"] is None else f"{row['kernel']}"
    return (
        f"{row['filters']}" if units else f"{row['filters']} × {row['samples']}",
        f"max of {kernel}" if "pool" in row["layer"] else kernel,
        f"{row['parameters']:,}" if row["parameters"] else "–",
    )
