"""F2 of neuroplasticity: from MEG sensors to the series of all voxels."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from heschl import store
from heschl.figures import components as parts
from heschl.figures import head, sessions, style

TITLE = "From sensors to the series of all voxels"
CAPTION = (
    "A: steps of the preprocessing and what came out of them in one session of one subject. B: power in the beta band "
    "(15-30 Hz) of one voxel in one epoch; C: the same voxel in all epochs; D: mean over epochs of every voxel that "
    "all subjects and sessions share (one line each; black: mean over voxels). The voxel of B and C is the shared one "
    "whose mean varies most over time. Power is relative to the sensors' noise (unit noise gain), so 1 is what noise "
    "alone gives; dotted: beats."
)


def draw(*, power: Path | list[Path], samples: Path, png: Path, pdf: Path, table: Path, beat_s: float = 0.8) -> None:
    """Draw power (epoch, voxel, time) of one session, and power (session, subject, part, voxel, time) of the samples.

    power : one store; of several, the first whose session was not refused
    """
    one, everyone = _usable(power), store.read(samples)
    rows: list[pd.DataFrame] = []
    with style.sheet(style.DOUBLE, 3.3) as figure:
        top, bottom = figure.subfigures(2, 1, height_ratios=[1, 2])
        if one is None:
            style.says(figure.add_subplot(), "this session could not be used")
        else:
            _flow(top.add_subplot(), one, everyone)
            rows = _panels(bottom, one, everyone, beat_s)
    style.save(figure, pd.concat(rows) if rows else pd.DataFrame(columns=COLUMNS), png=png, pdf=pdf, table=table)


ARROW = {"arrowstyle": "-|>", "lw": 0.7, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 6, "color": style.INK}
COLUMNS = ["panel", "quantity", "time_s", "value"]


def _usable(power: Path | list[Path]) -> xr.Dataset | None:
    for path in power if isinstance(power, list | tuple) else [power]:
        found = store.read(path)
        if found.sizes["voxel"] and found.sizes["epoch"] and not found.attrs.get("refused"):
            return found.load()
    return None


def _flow(axes: Axes, one: xr.Dataset, everyone: xr.Dataset) -> None:
    """Draw the steps as boxes, with the numbers of this session below."""
    a, mm = one.attrs, head.spacing_mm(one["position"].values)
    channels, sfreq, rank = (_of_runs(a[n]) for n in ("n_channels", "sfreq_hz", "rank"))
    band = a.get("band_hz", (15, 30))
    length = float(np.ptp(one["time"].values))
    steps = [
        ("MEG", f"{channels} sensors\n{sfreq} Hz"),
        ("band-pass", f"{band[0]:g}–{band[1]:g} Hz\nFIR"),
        ("decimate", _decimated(a)),
        ("Hilbert", "analytic\nsignal"),
        ("beamformer", f"LCMV, rank {rank}\n{one.sizes['voxel']:,} voxels, {mm:.3g} mm"),
        (a.get("measure", "power"), {"envelope": "|analytic|"}.get(a.get("measure"), "|analytic|²")),
        ("epochs", f"{one.sizes['epoch']} of {length:.1f} s\n{one.sizes['time']} samples"),
        ("overlap", f"{everyone.sizes['voxel']:,} voxels of\n{everyone.sizes['subject']} subjects"),
    ]
    axes.set(xlim=(-0.55, len(steps) - 0.45), ylim=(-1.5, 1.2))
    axes.set_axis_off()
    for x, (name, text) in enumerate(steps):
        how = {"boxstyle": "round,pad=0,rounding_size=0.08", "fc": "#e8f1f8", "ec": style.BLUE, "lw": 0.7}
        axes.add_patch(FancyBboxPatch((x - 0.41, 0), 0.82, 0.8, **how))
        axes.text(x, 0.4, name, ha="center", va="center", fontsize=7)
        axes.text(x, -0.16, text, ha="center", va="top", fontsize=6, color="#555555", linespacing=1.3)
        if x:
            axes.annotate("", (x - 0.41, 0.4), (x - 0.59, 0.4), arrowprops=ARROW)
    axes.text(-0.5, 1.05, "A", fontsize=10, fontweight="bold", ha="left", va="bottom")
    axes.set_title(f"subject {a['sub']}, session {a['ses']}", loc="center")


def _decimated(attrs: dict) -> str:
    """Say by what the rate was divided, and what came out."""
    by = {round(float(f) / float(attrs["rate_hz"])) for f in np.atleast_1d(attrs["sfreq_hz"])}
    return f"by {', '.join(map(str, sorted(by)))}, to\n{float(attrs['rate_hz']):.6g} Hz"


def _of_runs(values: object) -> str:
    """Write a number that each run has: one if they agree, the least and largest if not."""
    given = [float(v) for v in np.atleast_1d(values)]
    low, high = (f"{f(given):.6g}" for f in (min, max))
    return low if low == high else f"{low}–{high}"


def _panels(figure, one: xr.Dataset, everyone: xr.Dataset, beat_s: float) -> list[pd.DataFrame]:
    panels = figure.subplots(1, 3, width_ratios=[1, 1.15, 1])
    power, time = one["power"].transpose("epoch", "voxel", "time"), one["time"].values.astype(float)
    voxel = _lively(one, everyone)
    lines = power.isel(voxel=voxel).values.astype(float)
    panels[0].plot(time, lines[0], color=style.BLUE, lw=0.8)
    panels[0].set_ylim(0, None)
    panels[0].set_title("a voxel, an epoch", loc="center")
    high = float(np.nanquantile(lines, 0.99))
    image = panels[1].imshow(lines, aspect="auto", cmap=style.ACTIVATION, vmin=0, vmax=high, interpolation="nearest",
                             extent=(time[0], time[-1], len(lines) + 0.5, 0.5))  # fmt: skip
    panels[1].set(ylabel="epoch")
    panels[1].yaxis.get_major_locator().set_params(integer=True)
    panels[1].set_title("the voxel, all epochs", loc="center")
    unit = f"{one.attrs.get('measure', 'power')} (noise units)"
    figure.colorbar(image, ax=panels[1], pad=0.02, aspect=18, label=unit)
    rows = [_rows("B", "one_epoch", time, lines[0]), _rows("C", "mean_of_epochs", time, lines.mean(0))]
    rows += _overlay(panels[2], everyone, str(one.attrs["sub"]), str(one.attrs["ses"]))
    for axes, letter in zip(panels, "BCD", strict=True):
        style.letter(axes, letter)
        if axes.axison:
            axes.set(xlabel="time (s)", xlim=(time[0], time[-1]))
    for axes in panels[::2]:
        if axes.axison:
            parts.beats(axes, time, beat_s)
            axes.set_ylabel(f"{parts.measure(one)} (noise units)")
    return rows


def _lively(one: xr.Dataset, everyone: xr.Dataset) -> int:
    """Return the voxel, of the shared ones if any, whose mean over epochs varies most."""
    varies = one["power"].mean("epoch").transpose("voxel", "time").values.std(1)
    shared = {tuple(i) for i in everyone["index"].values.astype(int).tolist()}
    inside = np.array([tuple(i) in shared for i in one["index"].values.astype(int).tolist()])
    return int(np.argmax(np.where(inside, varies, -1) if inside.any() else varies))


def _overlay(axes: Axes, everyone: xr.Dataset, sub: str, ses: str) -> list[pd.DataFrame]:
    subjects, names = (everyone[n].values.astype(str).tolist() for n in ("subject", "session"))
    if sub not in subjects or ses not in names:
        style.says(axes, f"subject {sub} was left out:\nnot all sessions could be used")
        return []
    where = {"subject": subjects.index(sub), "session": names.index(ses)}
    part = everyone["part"].values.astype(str).tolist().index("all")
    lines = everyone["power"].isel(part=part, **where).transpose("voxel", "time").values.astype(float)
    time = everyone["time"].values.astype(float)
    clear = float(np.clip(80 / len(lines), 0.04, 0.5))
    axes.plot(time, lines.T, color=style.BLUE, lw=0.3, alpha=clear, rasterized=True)
    axes.plot(time, sessions.mean(lines), color=style.INK, lw=1.2)
    axes.set_ylim(0, 1.05 * float(np.nanmax(lines)))
    axes.set_title(f"all {len(lines):,} voxels", loc="center")
    found = {"min": np.nanmin(lines, 0), "mean": sessions.mean(lines), "max": np.nanmax(lines, 0)}
    return [_rows("D", f"{n}_over_voxels", time, v) for n, v in found.items()]


def _rows(panel: str, quantity: str, time: np.ndarray, value: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"panel": panel, "quantity": quantity, "time_s": time, "value": value})
