"""F12 of neuroplasticity: a clockwork network learns to follow one component's series."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from heschl import store
from heschl.figures import style

TITLE = "A clockwork network fits the first component of one subject"
CAPTION = (
    "Experiment 4.4: a clockwork recurrent network is fitted to the first principal component of one subject, drawn "
    "at random, and predicts each sample from those before it. Grey: the series, scaled to its own maximum; orange: "
    "the network's output after the number of iterations above each panel. Last panel: mean squared error by "
    "iteration; dots: the iterations shown; dotted: error of repeating the last sample, which anything worth its name "
    "has to beat. The fit is to the series itself; nothing was held out."
)


def draw(*, fit: Path, png: Path, pdf: Path, table: Path, n_shown: int = 3) -> None:
    """Draw target (time,), output (kept, time) and loss (iteration,) of the store of fit.series."""
    found = store.read(fit).load()
    target, loss = found["target"].values.astype(float), found["loss"].values.astype(float)
    kept, output = _kept(found), found["output"].transpose("kept", "time").values.astype(float)
    with style.sheet(style.DOUBLE, 2.3) as figure:
        if not target.size or not len(kept):
            style.says(figure.add_subplot(), "no series was fitted")
        else:
            chosen = np.unique(np.linspace(0, len(kept) - 1, min(n_shown, len(kept))).round().astype(int))
            _panels(figure, found, target, output[chosen], np.array(kept)[chosen], loss)
    style.save(figure, _table(found, target, output, kept, loss), png=png, pdf=pdf, table=table)


def _kept(found: xr.Dataset) -> list[int]:
    """Return the iterations whose output is kept: a coordinate, or an attribute."""
    values = found["kept"].values if "kept" in found.coords else found.attrs.get("kept", found.attrs.get("keep", []))
    return [int(k) for k in np.atleast_1d(values)]


def _panels(figure, found: xr.Dataset, target, output, kept, loss) -> None:
    panels = figure.subplots(1, len(kept) + 1, width_ratios=[1.35] * len(kept) + [1])
    time = found["time"].values.astype(float) if "time" in found.coords else np.arange(target.size)
    top = 1.08 * max(1.0, float(np.nanmax(np.abs(target))), float(np.nanmax(np.abs(output), initial=0)))
    for axes, letter, k, values in zip(panels, "ABCDEFGH", kept, output, strict=False):
        axes.plot(time, target, color=style.GREY, lw=0.8, label="series")
        axes.plot(time, values, color=style.ORANGE, lw=0.9, label="network's output")
        axes.set(xlim=(time[0], time[-1]), ylim=(-top, top), xlabel="time (s)")
        axes.set_title(f"after {k:,} iteration" + ("s" if k != 1 else ""), loc="center")
        style.letter(axes, letter)
        if axes is not panels[0]:
            axes.set_yticklabels([])
    panels[0].set_ylabel("PC 1 / its maximum")
    _losses(panels[-1], loss, kept, target)
    style.letter(panels[-1], "ABCDEFGH"[len(kept)])
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2)
    if "sub" in found.attrs:
        session = f", session {found.attrs['session']}" if "session" in found.attrs else ""
        figure.suptitle(f"subject {found.attrs['sub']}{session}", fontsize=8)


def _losses(axes: Axes, loss: np.ndarray, kept: np.ndarray, target: np.ndarray) -> None:
    iteration = np.arange(1, loss.size + 1)
    axes.plot(iteration, loss, color=style.BLUE, lw=1)
    inside = np.minimum(kept, loss.size - 1)  # loss is what it was before an update
    axes.plot(inside + 1, loss[inside], "o", ms=3.5, color=style.ORANGE, zorder=3)
    axes.axhline(_last_sample(target), color=style.INK, lw=0.7, ls=":")
    axes.set(xlabel="iteration", ylabel="mean squared error", yscale="log")
    if loss.size > 50:
        axes.set_xscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_title("loss", loc="center")


def _last_sample(target: np.ndarray) -> float:
    """Return the mean squared error of predicting each sample by the one before it."""
    return float(np.mean(np.diff(target) ** 2)) if target.size > 1 else np.nan


def _table(found: xr.Dataset, target, output, kept, loss) -> pd.DataFrame:
    time = found["time"].values if "time" in found.coords else np.arange(target.size)
    rows = [("target", np.nan, t, v) for t, v in zip(time, target, strict=True)]
    rows += [("output", k, t, v) for k, line in zip(kept, output, strict=True) for t, v in zip(time, line, strict=True)]
    rows += [("loss", k + 1, np.nan, v) for k, v in enumerate(loss)]
    rows.append(("loss_of_last_sample", np.nan, np.nan, _last_sample(target)))
    return pd.DataFrame(rows, columns=["quantity", "iteration", "time_s", "value"])
