"""Sound power of a story in six regions: every listener, the mean, and the same after shifting the predictor."""

from pathlib import Path

import numpy as np
import pandas as pd

from heschl import store
from heschl.figures import style

TITLE = "Sound power of a story"
CAPTION = (
    "Correlation of each region's time course with what a ridge regression of delayed sound power predicts, on "
    "stretches of the story that took no part in fitting. Dots: listeners; bar: mean and 95 % interval over "
    "listeners (t). Hollow: the same after shifting the predictor in a circle. One stimulus: nothing here tells "
    "what other stories would show."
)


def draw(*, encoding: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw r (subject, region) of a store of regress.story."""
    found = store.read(encoding)
    regions, n = found["region"].values.tolist(), found.sizes["subject"]
    numbers = _numbers(found)
    with style.sheet(style.SINGLE + 0.8, 2.6) as figure:
        axes = figure.add_subplot()
        jitter = np.linspace(-0.12, 0.12, n)
        for name, shift, face in (("r", -0.18, style.BLUE), ("null_r", 0.2, "none")):
            for k, values in enumerate(found[name].values.T):
                edge = style.BLUE if name == "r" else style.GREY
                axes.scatter(k + shift + jitter, np.sort(values), s=5, facecolors=face, edgecolors=edge, linewidths=0.5)
        half = numbers["ci_high"] - numbers["mean_r"]
        at = np.arange(len(regions)) - 0.18
        axes.errorbar(at, numbers["mean_r"], half, fmt="_", color=style.INK, ms=14, lw=1.2, zorder=3)
        axes.axhline(0, color=style.GREY, lw=0.6, ls="--")
        labels = [f"{r}\nt = {t:.1f}" for r, t in zip(regions, numbers["t"], strict=True)]
        axes.set_xticks(range(len(regions)), labels)
        axes.set(ylabel="held-out r", title=f"{n} listeners, regions of {found.attrs['radius']}")
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _numbers(found) -> pd.DataFrame:
    from scipy import stats

    n = found.sizes["subject"]
    half = stats.t.ppf(0.975, n - 1) * found["r"].std("subject", ddof=1).values / np.sqrt(n)
    mean = found["mean_r"].values
    columns = {"region": found["region"].values, "n": n, "mean_r": mean, "ci_low": mean - half, "ci_high": mean + half}
    return pd.DataFrame(columns | {name: found[name].values for name in ("t", "p", "null_t")})
