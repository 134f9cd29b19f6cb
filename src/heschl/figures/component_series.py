"""F1 of neuroplasticity: one subject's first principal component, before and after."""

from pathlib import Path

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import components as parts
from heschl.figures import sessions, style

TITLE = "The first principal component of one subject, by session"
CAPTION = (
    "Beta power (15-30 Hz) of one subject on its first principal component over voxels. Left: in the session that "
    "networks were trained on; right: in the first other session; each with the components of its own session, as "
    "published, whose signs and sizes are set apart. Pale: epochs; coloured: one of them; black: mean over epochs. "
    "Dotted: beats. Power is relative to sensor noise (unit noise gain). Panel B of the published figure is a "
    "photograph and not reproduced. Two series that differ don't show change by themselves: see the controls."
)


def draw(*, components: list[Path], png: Path, pdf: Path, table: Path, beat_s: float = 0.8) -> None:
    """Draw series (session, basis, epoch, component, time) of the first subject that has any.

    Raises
    ------
    HeschlError
        If no store is given.
    """
    found = parts.first(components)
    rows: list[pd.DataFrame] = []
    with style.sheet(style.DOUBLE, 2.2) as figure:
        if found is None:
            style.says(figure.add_subplot(), "no subject has components")
        else:
            names = [str(s) for s in found["session"].values][:2]
            panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
            for axes, letter, name in zip(panels, "AC", names, strict=False):
                rows.append(_panel(axes, found, name, beat_s))
                style.letter(axes, letter)
            panels[0].set_ylabel(f"PC 1 of {parts.measure(found)}\n(noise units)")
            handles, words = panels[0].get_legend_handles_labels()
            figure.legend(handles, words, loc="outside lower center", ncols=4)
    style.save(figure, pd.concat(rows) if rows else pd.DataFrame(columns=COLUMNS), png=png, pdf=pdf, table=table)


COLUMNS = ["session", "time_s", "one_epoch", "mean"]


def _panel(axes: Axes, found: xr.Dataset, session: str, beat_s: float) -> pd.DataFrame:
    series, time = parts.series(found, session)[:, 0], parts.time_s(found)  # (epoch, time)
    ink = style.BLUE if session == str(found["session"].values[0]) else style.ORANGE
    for k, line in enumerate(series[:40]):
        axes.plot(time, line, color=style.PALE, lw=0.4, label="epochs" if k == 0 else None, rasterized=True)
    axes.plot(time, series[0], color=ink, lw=0.9, label="one epoch" if ink == style.BLUE else None)
    mean = sessions.mean(series)
    axes.plot(time, mean, color=style.INK, lw=1.1, label="mean")
    parts.beats(axes, time, beat_s)
    share = float(found["explained"].sel(session=session).values[0])
    axes.set_title(f"{sessions.words(session)}: {100 * share:.0f} % of variance, {len(series)} epochs", loc="center")
    axes.set(xlabel="time (s)", xlim=(time[0], time[-1]))
    return pd.DataFrame({"session": session, "time_s": time, "one_epoch": series[0], "mean": mean})
