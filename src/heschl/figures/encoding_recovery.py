"""What was planted in simulated listeners and what encoding finds of it, and what it finds in noise."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import encoded, listeners, style
from heschl.science.encoding_recovery import FAR_MM, distance_mm

TITLE = "Encoding finds what was planted, and outside no more than chance allows"
CAPTION = (
    "Simulated listeners. A: mean test r of the model that drives a planted region, against the mean noise ceiling of "
    "the region's voxels, one point per listener and region, coloured as in B; dashed: r equals the ceiling; dotted: "
    "90 % of it; axes cut to these points; above it in words: the listener of pure noise (canary), at the places "
    "where others have the region. B: their ratio, in all voxels of a region and in its interior (voxels with all six "
    "neighbours in the region: neither partial volume nor misregistration); bars: mean over listeners; dots: "
    "listeners. C: distribution of r where nothing was planted, all models together: the canary, and listeners' "
    "voxels more than 15 mm from any planted region. D: the canary's largest r of any voxel (red circle) against the "
    "same maximum in its null (box: quartiles and median; whiskers: minimum and 95th percentile, which a circle "
    "exceeds where p < .05); p is family-wise. E: share of voxels with uncorrected p < .05 far from anything planted; "
    "dashed: 5 %. Neighbouring voxels share noise, so E scatters more than independent voxels would."
)
BIN = 0.02


def draw(
    *,
    recovery: Path,
    encoding: list[Path],
    noise_subjects: list[str],
    png: Path,
    pdf: Path,
    table: Path,
    truth: list[Path] = (),
) -> None:
    """Draw a store of encode.recovery, and r and null_max of the stores of encoding that it was made of.

    With truth (stores with region (x, y, z), sub- in the name), C shows the listeners' unplanted voxels too.

    Raises
    ------
    HeschlError
        If a listener of the recovery store has no store of encoding.
    """
    found, results = store.read(recovery).load(), _results(encoding)
    if missing := sorted({str(s) for s in found["sub"].values} - {s for s, _ in results}):
        raise HeschlError(recovery, f"sub-{missing[0]} has no store of encoding", "wanted all", "Give those it is of")
    numbers = _numbers(found)
    spread = _unplanted(results, noise_subjects, {style.label(p, "sub"): store.read(p) for p in truth})
    largest = {k: v for k, v in results.items() if k[0] in noise_subjects}
    with style.sheet(style.DOUBLE, 4.9) as figure:
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.15, 1])
        left, right = top.subplots(1, 2, width_ratios=[1, 1.5])
        colours = dict(zip([str(n) for n in found["region"].values], style.CYCLE * 9, strict=False))
        _against_ceiling(left, numbers, colours)
        _ratios(right, numbers, colours)
        c, d, e = bottom.subplots(1, 3, width_ratios=[1.1, 1, 1])
        _histogram(c, spread)
        maxima = _canary(d, largest, found)
        _shares(e, found)
        for axes, text in zip((left, right, c, d, e), "ABCDE", strict=True):
            style.letter(axes, text)
    style.save(figure, pd.concat([numbers, _more(found, spread, maxima)]), png=png, pdf=pdf, table=table)


def _results(paths: list[Path]) -> dict[tuple[str, str], xr.Dataset]:
    stores = [store.read(p) for p in paths]
    return {(str(s.attrs["subject"]), str(s.attrs["model"])): s for s in stores}


def _numbers(found: xr.Dataset) -> pd.DataFrame:
    """List r, ceiling and ratio of each listener, region and model that drives it, in all voxels and the interior."""
    rows = []
    for model, region in np.argwhere(found["matching"].values):
        for k, sub in enumerate(found["sub"].values):
            of = found.isel(sub=k, model=model, region=region)
            noise = bool(found["is_noise"].values[k])
            place = (str(sub), noise, str(of["model"].values), str(of["region"].values))
            for inside in ("", "_interior"):
                values = [float(of[n + inside]) for n in ("r", "ceiling", "ratio")]
                for name, value in zip(("r", "ceiling", "ratio"), values, strict=True):
                    rows.append((*place, name + inside, value, float(of["n_voxels" + inside])))
    return pd.DataFrame(rows, columns=["listener", "is_noise", "model", "region", "quantity", "value", "n_voxels"])


def _wide(numbers: pd.DataFrame) -> pd.DataFrame:
    keys = ["listener", "is_noise", "model", "region"]
    return numbers.pivot_table(index=keys, columns="quantity", values="value", dropna=False).dropna(how="all")


def _against_ceiling(axes: Axes, numbers: pd.DataFrame, colours: dict[str, str]) -> None:
    if numbers.empty:
        return style.says(axes, "no model is what drives\na planted region")
    wide = _wide(numbers).reset_index()
    noise = wide["is_noise"].astype(bool)
    heard, canary = (wide.loc[of, ["ceiling", "r"]].to_numpy(float) for of in (~noise, noise))
    inks = [colours[name] for name in wide.loc[~noise, "region"]]
    axes.scatter(*heard.T, s=16, c=inks, alpha=0.85, lw=0, zorder=3)
    x, y = (_span(values) for values in heard.T)
    y = min(y[0], 0.9 * x[0]), max(y[1], x[1] + 0.01)
    axes.plot(x, x, color=style.INK, lw=0.7, ls="--")
    axes.plot(x, [0.9 * e for e in x], color=style.INK, lw=0.7, ls=":")
    for share, text in ((1, "r = ceiling"), (0.9, "90 %")):
        axes.annotate(text, (x[1], share * x[1]), (-1, 2), textcoords="offset points", ha="right", fontsize=6)
    axes.set(xlabel="mean noise ceiling (r)", ylabel="mean test r", xlim=x, ylim=y)
    if np.isfinite(canary).all(1).any():
        ceiling, r = ([listeners.short(f(v)) for f in (np.nanmin, np.nanmax)] for v in canary.T)
        text = f"noise (canary), off the axes:\nr {r[0]} to {r[1]}, ceiling {ceiling[0]} to {ceiling[1]}"
        axes.set_title(text, fontsize=6.5, color=style.GREY)
    return None


def _span(values: np.ndarray) -> tuple[float, float]:
    """Return an axis' ends around values, with room."""
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    room = max(0.02, 0.3 * (high - low))
    return float(low - room), float(high + room)


def _ratios(axes: Axes, numbers: pd.DataFrame, colours: dict[str, str]) -> None:
    heard = numbers[~numbers["is_noise"].astype(bool)]
    if heard.empty:
        return style.says(axes, "no model is what drives\na planted region")
    wide, text = _wide(heard), []
    regions = [n for n in colours if n in wide.index.get_level_values("region")]
    for k, region in enumerate(regions):
        own = wide.xs(region, level="region")
        for shift, name, alpha in ((-0.2, "ratio", 1.0), (0.2, "ratio_interior", 0.45)):
            values = 100 * own[name].dropna().to_numpy()
            if values.size:
                axes.bar(k + shift, values.mean(), width=0.36, color=colours[region], alpha=alpha)
                axes.scatter(k + shift + np.linspace(-0.1, 0.1, values.size), values, s=9, color=style.INK, zorder=3)
                axes.text(k + shift, 2, f"{values.mean():.0f} %", ha="center", va="bottom", fontsize=6, zorder=4,
                          bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0.8})  # fmt: skip
        text.append(f"{region}\nall | interior")
    axes.axhline(90, color=style.INK, lw=0.7, ls=":")
    axes.axhline(100, color=style.INK, lw=0.7, ls="--")
    axes.set_xticks(range(len(regions)), text)
    axes.set(ylabel="r / ceiling (%)", xlabel="planted region (what drives it)", xlim=(-0.6, len(regions) - 0.4))
    return None


def _unplanted(results: dict, noise_subjects: list[str], truth: dict[str, xr.Dataset]) -> dict[str, np.ndarray]:
    """Return r of all models where nothing was planted: the canary's, and if it is known where, the listeners'."""
    out: dict[str, list] = {"noise": [], "listeners": []}
    for (sub, _), found in results.items():
        r, name = encoded.r(found), "noise" if sub in noise_subjects else "listeners"
        if name == "listeners":
            if sub not in truth:
                continue
            far = distance_mm(truth[sub]["region"].values, truth[sub]["affine"].values) > FAR_MM
            r = r[far[tuple(found["ijk"].values.astype(int).T)]]
        out[name].append(r[np.isfinite(r)])
    return {name: np.concatenate(parts) for name, parts in out.items() if parts}


def _histogram(axes: Axes, spread: dict[str, np.ndarray]) -> None:
    if not sum(v.size for v in spread.values()):
        return style.says(axes, "no noise subject")
    looks = {"noise": (style.GREY, "noise (canary)"), "listeners": (style.BLUE, "listeners, unplanted")}
    for name, values in spread.items():
        edges = _edges(values)
        colour, label = looks[name]
        share = 100 * np.histogram(values, edges)[0] / max(1, values.size)
        axes.stairs(share, edges, color=colour, fill=name == "noise", alpha=0.5 if name == "noise" else 1, label=label)
    axes.axvline(0, ymax=0.76, color=style.INK, lw=0.7, ls="--")
    axes.set(xlabel="test r", ylabel="voxels (%)")
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
    axes.legend(loc="upper left", handlelength=1.2)
    return None


def _edges(values: np.ndarray) -> np.ndarray:
    return np.arange(np.floor(values.min() / BIN), np.ceil(values.max() / BIN) + 2) * BIN


def _canary(axes: Axes, largest: dict, found: xr.Dataset) -> list[tuple]:
    """Draw each model's largest r in noise on top of its null; return (listener, model, quantity, value)."""
    if not largest:
        style.says(axes, "no noise subject")
        return []
    rows, names = [], []
    for y, ((sub, model), one) in enumerate(sorted(largest.items())):
        observed, null = float(np.nanmax(encoded.r(one))), np.asarray(one["null_max"].values, float)
        box = {"widths": 0.5, "orientation": "horizontal", "showfliers": False, "manage_ticks": False}
        axes.boxplot(null, positions=[y], whis=(0, 95), **box, patch_artist=True,
                     boxprops={"fc": style.PALE, "lw": 0.5}, medianprops={"color": style.GREY})  # fmt: skip
        axes.scatter(observed, y, s=22, facecolors="white", edgecolors=style.RED, linewidths=1, zorder=3)
        p = float(found["min_p_fwe_all"].sel(sub=sub, model=model))
        names.append(f"{listeners.plain(model)}\n{listeners.p_text(p, 'p')}")
        rows += [(sub, model, "largest_r", observed), (sub, model, "min_p_fwe_all", p)]
        rows += [(sub, model, f"null_max_{n}", float(np.quantile(null, f))) for n, f in (("median", 0.5), ("95", 0.95))]
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlabel="largest r of any voxel, noise (canary)")
    axes.set_title("box: null; whisker: its 95th percentile", fontsize=6.5, loc="center")
    return rows


def _shares(axes: Axes, found: xr.Dataset) -> None:
    subs, n_models = [str(s) for s in found["sub"].values], found.sizes["model"]
    for k, noise in enumerate(found["is_noise"].values):
        values = 100 * found["share_uncorrected"].values[k]
        colour, face = (style.GREY, "white") if noise else (style.BLUE, style.BLUE)
        at = k + (np.linspace(-0.2, 0.2, n_models) if n_models > 1 else np.zeros(1))
        axes.scatter(at, values, s=14, facecolors=face, edgecolors=colour, linewidths=0.8)
    axes.axhline(5, color=style.INK, lw=0.7, ls="--")
    names = [f"{s}\n(noise)" if n else s for s, n in zip(subs, found["is_noise"].values, strict=True)]
    axes.set_xticks(range(len(subs)), names)
    top = max(10.0, 1.15 * 100 * float(np.nanmax(found["share_uncorrected"].values, initial=0)))
    axes.set(ylabel="unplanted voxels\nwith p < .05 (%)", xlabel="listener (dots: models)",
             xlim=(-0.6, len(subs) - 0.4), ylim=(0, top))  # fmt: skip


def _more(found: xr.Dataset, spread: dict[str, np.ndarray], maxima: list[tuple]) -> pd.DataFrame:
    """List what C, D and E show; a histogram's rows give the lower edge of each bin as region."""
    noise = {str(s): bool(n) for s, n in zip(found["sub"].values, found["is_noise"].values, strict=True)}
    rows = [(sub, True, model, "all", name, value, np.nan) for sub, model, name, value in maxima]
    for name in ("r_unplanted", "r_unplanted_se", "share_uncorrected", "min_p_fwe"):
        of = found[name].transpose("sub", "model")
        cells = [(s, str(m)) for s in noise for m in found["model"].values]
        rows += [
            (s, noise[s], m, "unplanted", name, float(v), np.nan)
            for (s, m), v in zip(cells, of.values.ravel(), strict=True)
        ]
    for name, values in spread.items():
        if values.size:
            edges = _edges(values)
            counts = np.histogram(values, edges)[0]
            cells = [(f"r from {e:.2f}", int(n)) for e, n in zip(edges[:-1], counts, strict=True) if n]
            rows += [(name, name == "noise", "all", e, "share", n / values.size, n) for e, n in cells]
    return pd.DataFrame(rows, columns=["listener", "is_noise", "model", "region", "quantity", "value", "n_voxels"])
