"""What was planted in simulated listeners and what the workflow finds again, and what it finds in noise."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from heschl import store
from heschl.figures import brain, recovery_along, style
from heschl.figures.participants import number

TITLE = "What was planted is found again"
CAPTION = (
    "A: the layer planted in each part of the superior temporal gyrus of the simulated listeners and the "
    "layer that the workflow recovers in significant voxels (family-wise p at most .05; the surface shows "
    "the mean planted and recovered layer); a searchlight reaches beyond the planted voxels by its radius. B: the same "
    "from front to back: planted layers (grey line), recovered ones of each significant voxel (dots) and their means; "
    "where the published map was planted, by region, each from its front to its back. ρ is Spearman's, of the planted "
    "and the recovered layer of voxels. C: planted and recovered layer of the planted voxels that are significant; the "
    "dotted line is the very same layer. D: the largest correlation of any voxel and layer of each listener (dot) "
    "against the same maximum when clip labels are permuted (grey); a listener of pure noise (canary) must "
    "lie within its null. E: head motion put into each run, and what is left of it after the estimate is taken away."
)


def draw(*, recovery: Path, rsa: list[Path], png: Path, pdf: Path, table: Path, gradient: str = "monotone") -> None:
    """Draw planted against recovered layers, the canary and motion of a recovery store and its rsa stores.

    gradient : what was planted, see heschl.datasets.simulated_head.planted
    """
    found, n_layers = store.read(recovery).load(), store.read(rsa[0]).sizes["layer"]
    largest = {style.label(p, "sub"): _largest(store.read(p)) for p in rsa}
    where = recovery_along.course(found, gradient)
    with style.sheet(style.DOUBLE, 5.6) as figure:
        top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1, 1.15, 1.55])
        _surfaces(top, found, n_layers)
        style.letter(recovery_along.panels(middle, found, where, n_layers), "B")
        panels = bottom.subplots(1, 3, width_ratios=[1, 1.25, 1.1])
        _confusion(bottom, panels[0], found, n_layers)
        _canary(panels[1], found, largest)
        _motion(panels[2], found)
    style.save(figure, _table(found, largest, where), png=png, pdf=pdf, table=table)


def _largest(rsa: xr.Dataset) -> tuple[float, np.ndarray]:
    """Return the largest rho of all voxels and layers, and the same of each permutation."""
    return float(np.nanmax(rsa["rho"].values)), np.nanmax(rsa["null_max"].values, axis=1)


def _surfaces(figure: SubFigure, found: xr.Dataset, n_layers: int) -> None:
    ijk, affine, shape = brain.grid_of(found)
    cmap, norm = style.layer_colours(n_layers)
    panels = figure.subplots(1, 4)
    shown = {"planted": found["planted"].values > 0, "recovered": found["significant"].values.astype(bool)}
    for k, (name, where) in enumerate(shown.items()):
        grid = brain.volume(np.where(where, found[name].values.astype(float), np.nan), ijk, shape)
        for panel, hemisphere in zip(panels[k::2], ("left", "right"), strict=True):
            brain.paint(panel, brain.to_surface(grid, affine, hemisphere), hemisphere, "lateral", cmap, norm)
            panel.set_title(f"{name}, {hemisphere}", fontsize=7, loc="center", pad=1)
    style.letter(panels[0], "A")
    bar = figure.colorbar(
        ScalarMappable(norm, cmap), ax=panels, shrink=0.8, aspect=14, pad=0.01, ticks=range(1, n_layers + 1)
    )
    bar.ax.minorticks_off()
    bar.set_label("layer")


def _confusion(figure: Figure | SubFigure, axes: Axes, found: xr.Dataset, n_layers: int) -> None:
    both = (found["planted"].values > 0) & found["significant"].values.astype(bool)
    edges = np.arange(0.5, n_layers + 1)
    counts, _, _ = np.histogram2d(found["planted"].values[both], found["recovered"].values[both], [edges, edges])
    shown = np.ma.masked_equal(counts.T, 0)
    image = axes.imshow(
        shown, origin="lower", extent=(0.5, n_layers + 0.5) * 2, cmap="Blues", vmin=-0.15 * counts.max()
    )
    axes.plot([0.5, n_layers + 0.5], [0.5, n_layers + 0.5], color=style.GREY, lw=0.6, ls=":")
    axes.set(
        xlabel="planted layer",
        ylabel="recovered layer",
        xticks=range(1, n_layers + 1, 3),
        yticks=range(1, n_layers + 1, 3),
    )
    axes.set_title(_agreement(found, int(both.sum())), fontsize=7)
    if both.any():
        bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02, boundaries=np.linspace(0, counts.max(), 64))
        bar.set_ticks([0, int(counts.max())])
        bar.set_label("voxels", labelpad=-6)
    style.letter(axes, "C")


def _agreement(found: xr.Dataset, n: int) -> str:
    """Say the agreement of layers in the significant planted voxels and in all of them."""
    if not n:
        return "no planted voxel is significant"
    rho = found["agreement"].sel(map="layer_argmax_of_mean")
    among, everywhere = (number(float(rho.sel(voxels=v))) for v in ("significant", "all"))
    return f"Spearman ρ = {among} in {n:,} voxels\n({everywhere} in all {int((found['planted'] > 0).sum()):,} planted)"


def _canary(axes: Axes, found: xr.Dataset, largest: dict[str, tuple[float, np.ndarray]]) -> None:
    subs, noise = [str(s) for s in found["sub"].values], found["is_noise"].values.astype(bool)
    for y, (sub, is_noise) in enumerate(zip(subs, noise, strict=True)):
        observed, null = largest[sub]
        jitter = np.linspace(-0.28, 0.28, len(null))[np.argsort(np.argsort((np.arange(len(null)) * 0.618) % 1))]
        axes.scatter(null, y + jitter, s=3, color=style.GREY, alpha=0.5, lw=0, label="permuted" if y == 0 else None)
        axes.scatter(observed, y, s=26, color=style.RED if is_noise else style.BLUE, zorder=3, lw=0)
    names = [f"{s} (noise)" if n else s for s, n in zip(subs, noise, strict=True)]
    axes.set_yticks(range(len(subs)), names, fontsize=min(6.5, 110 / len(subs)))
    axes.set(ylim=(len(subs) - 0.4, -0.6), xlabel="largest ρ of all voxels and layers")
    axes.set_title(_canaries(found["min_p_fwe"].values[noise]), fontsize=7)
    style.letter(axes, "D")


def _canaries(p: np.ndarray) -> str:
    """Say the least family-wise p of each canary, of many the least of all."""
    if not p.size:
        return "no canary"
    if p.size > 2:
        return f"{p.size} of noise: least family-wise p = {p.min():.2g}"
    return f"canary: least family-wise p = {', '.join(f'{v:.2g}' for v in p)}"


def _motion(axes: Axes, found: xr.Dataset) -> None:
    put, left = found["motion_mm"].values, found["motion_error_mm"].values
    x = np.arange(len(put))
    axes.vlines(x, left, put, color=style.PALE, lw=1)
    axes.scatter(x, put, s=12, color=style.ORANGE, lw=0, label="injected", zorder=3)
    axes.scatter(x, left, s=12, color=style.BLUE, lw=0, label="left after correction", zorder=3)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="run", ylabel="mean displacement (mm)", xticks=[])
    axes.set_title(f"injected {np.mean(put):.2g} mm, left {np.mean(left):.2g} mm", fontsize=7)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, handletextpad=0.2, columnspacing=0.8)
    style.letter(axes, "E")


def _table(
    found: xr.Dataset, largest: dict[str, tuple[float, np.ndarray]], where: recovery_along.Course
) -> pd.DataFrame:
    """List every number as what, of what, value."""
    rows = [
        ("agreement", f"{m} {v}", float(found["agreement"].sel(map=m, voxels=v)))
        for m in found["map"].values
        for v in found["voxels"].values
    ]
    names = sorted(n for n, a in found.data_vars.items() if a.dims == ("sub",))
    rows += [(n, str(s), float(found[n].sel(sub=s))) for n in names for s in found["sub"].values]
    rows += [("largest_rho", s, observed) for s, (observed, _) in largest.items()]
    rows += [("largest_rho_permuted", s, float(v)) for s, (_, null) in largest.items() for v in null]
    for name in ("motion_mm", "motion_error_mm"):
        rows += [(name, str(r), float(v)) for r, v in zip(found["recording"].values, found[name].values, strict=True)]
    for row in recovery_along.rows(found, where):
        of = f"{row['side']} {row['place']:.3f}"
        rows += [(f"{name}_along", of, float(row[name])) for name in ("planted", "recovered", "n", "n_significant")]
    both = (found["planted"].values > 0) & found["significant"].values.astype(bool)
    cells, counts = np.unique(
        np.stack([found["planted"].values, found["recovered"].values], 1)[both], axis=0, return_counts=True
    )
    rows += [("voxels", f"planted {a} recovered {b}", float(n)) for (a, b), n in zip(cells, counts, strict=True)]
    return pd.DataFrame(rows, columns=["quantity", "of", "value"])
