"""The first numbers of the report, read from whatever results there are."""

import numpy as np
import xarray as xr

from heschl.figures import brain, headlines_decoding, headlines_meg, headlines_style
from heschl.figures.headlines_decoding import Headline
from heschl.figures.headlines_decoding import line as _line
from heschl.figures.participants import number, p_words
from heschl.science.spheres import world_mm


def of(found: xr.Dataset, split: str = "official") -> list[Headline]:
    """Tell what a result says in numbers (value, label, note); nothing if it takes a figure to read it.

    split : the one that is scored
    """
    if "agreement" in found and "planted" in found:
        return _recovery(found)
    if "verdict" in found:
        return headlines_meg.of(found)
    if "which" in found.dims:
        return headlines_style.of(found)
    if "p_fwe" in found and "mean_max" in found:
        return _group(found)
    if kind := next((tell for name, tell in INFERRED.items() if name in found), None):
        return kind(found)
    return _scores(found) if "macro_roc_auc" in found else headlines_decoding.of(found, split)


def _recovery(found: xr.Dataset) -> list[Headline]:
    rho = found["agreement"].sel(map="layer_argmax_of_mean")
    planted = found["planted"].values > 0
    passed = int((planted & found["significant"].values.astype(bool)).sum())
    among = float(rho.sel(voxels="significant"))
    near = np.abs(found["planted"].values - found["recovered"].values)[planted] <= 1
    note = f"{int(planted.sum()):,} planted voxels, {100 * near.mean():.0f} % within one layer of the truth; "
    note += f"{number(among)} in the {passed:,} significant ones"
    lines = [_line(number(float(rho.sel(voxels="all"))), "Spearman ρ of planted and recovered layer", note)]
    noise = found["is_noise"].values.astype(bool)
    for sub, p in zip(found["sub"].values[noise], found["min_p_fwe"].values[noise], strict=True):
        verdict = (
            "pure noise looks like noise, as it must" if p > 0.05 else "a false alarm: noise passes in 5 % of datasets"
        )
        lines.append(_line(p_words(p), f"noise (canary) sub-{sub}, least family-wise p", verdict))
    if found.sizes.get("recording"):
        put, left = found["motion_mm"].values.mean(), found["motion_error_mm"].values.mean()
        note = f"mean error of the estimate, of {put:.2g} mm injected, in {found.sizes['recording']} runs"
        lines.append(_line(f"{left:.2g} mm", "head motion left", note))
    return lines


def _group(found: xr.Dataset) -> list[Headline]:
    ijk, affine, _ = brain.grid_of(found)
    values, p = found["mean_max"].values, found["p_fwe"].values
    peak = int(np.nanargmax(values))
    x, y, z = world_mm(ijk[peak : peak + 1], affine)[0]
    n = found.attrs.get("n_subjects")
    note = (
        f"mean over {n} listener{'s' * (n > 1)} of each one's best layer, " if n else "mean of each one's best layer, "
    )
    note += f"at MNI {_mm(x)}, {_mm(y)}, {_mm(z)} mm; family-wise {p_words(p[peak])}"
    passed = int((p <= 0.05).sum())
    share = f"of {p.size:,} ({100 * passed / p.size:.1f} %), family-wise p ≤ .05"
    return [
        _line(number(values[peak], 3), "highest Spearman ρ of the map", note),
        _line(f"{passed:,}", "significant voxels", share),
    ]


def _layers(found: xr.Dataset) -> list[Headline]:
    """Which layers the family-wise test finds where, and what they add to one another and to the controls."""
    passed = found["p_fwe"].values <= 0.05
    among = passed.any(1)
    if not among.any():
        return [_line("0", "voxels with a significant layer", "family-wise over voxels and layers")]
    best = found["rho_mean"].values[among].argmax(1) + 1
    note = f"family-wise over voxels and layers; in the middle half of them the best is layer {_quartiles(best)}"
    lines = [_line(f"{int(among.sum()):,}", "voxels with a significant layer", note)]
    adds = [("semipartial", "all other layers")]
    adds += [("beyond_controls", f"the controls ({', '.join(found.attrs['controls'])})")]
    for name, what in adds:
        values = found[name].values[among]
        if np.isfinite(values).any():
            means = np.nanmean(values, 0)
            k = int(np.nanargmax(means))
            lines.append(
                _line(number(means[k], 3), f"ρ given {what}", f"layer {k + 1}, which adds most, in these voxels")
            )
    return lines


def _quartiles(layer: np.ndarray) -> str:
    low, high = np.quantile(layer, [0.25, 0.75])
    return f"{low:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"


def _regions(found: xr.Dataset) -> list[Headline]:
    """Return the best layer of each region, with its interval."""
    names, best = found["region"].values.astype(str), found["best_layer"].values
    if not len(names):
        return []
    ends = zip(found["best_layer_low"].values, found["best_layer_high"].values, strict=True)
    said = [f"{n} {low:.0f} to {high:.0f}" for n, (low, high) in zip(names, ends, strict=True)]
    note = f"95 % of {found.attrs['n_bootstrap']:,} resamples of the clips: {'; '.join(said)}"
    return [_line(", ".join(f"{b:.0f}" for b in best), f"best layer of {', '.join(names)}", note)]


def _ceiling(found: xr.Dataset) -> list[Headline]:
    """Return the noise ceiling where it is highest."""
    lower, upper = found["lower"].values, found["upper"].values
    if not np.isfinite(lower).any():
        return []
    k = int(np.nanargmax(lower))
    note = f"at the best of {lower.size:,} places: no model of what these listeners share can do better"
    return [_line(f"{number(lower[k])} to {number(upper[k])}", "noise ceiling of the comparison", note)]


def _scores(found: xr.Dataset) -> list[Headline]:
    """Return the tagger's mean area with its interval, and how far it is above the baseline's."""
    macro, n = float(found["macro_roc_auc"]), int(np.isfinite(found["roc_auc"].values).sum())
    low, high = (float(found[f"macro_roc_auc_{end}"]) for end in ("low", "high"))
    note = f"mean of {n} tags on held-out tracks, {_interval(low, high)}; targets: {found.attrs['reference']}"
    lines = [_line(number(macro, 3), "ROC-AUC of the tagger", note)]
    if np.isfinite(more := float(found["difference"])):
        low, high = (float(found[f"difference_{end}"]) for end in ("low", "high"))
        note = (
            f"{_interval(low, high)}, {p_words(float(found['difference_p']))}; a linear map from the mel spectrum has "
        )
        note += number(float(found["baseline_macro_roc_auc"]), 3)
        lines.append(_line(number(more, 3, sign=True), "ROC-AUC, tagger minus baseline", note))
    return lines


def _interval(low: float, high: float) -> str:
    return f"95 % CI {number(low, 3)} to {number(high, 3)}"


def _mm(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


# Results of infer, by a variable that only they have.
INFERRED = {"semipartial": _layers, "best_layer": _regions, "upper": _ceiling}
