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


def _scores(found: xr.Dataset) -> list[Headline]:
    macro, n = float(found["macro_roc_auc"]), int(np.isfinite(found["roc_auc"].values).sum())
    note = f"mean of {n} tags on held-out tracks; targets are musicnn's tags"
    return [_line(number(macro, 3), "ROC-AUC of the tagger", note)]


def _mm(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")
