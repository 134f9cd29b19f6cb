"""F4: how well the network tells tags apart on music it was not trained on."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import style

TITLE = "Tagging performance"
CAPTION = (
    "Area under the ROC curve of each tag on held-out tracks, with 95 % confidence intervals (Hanley and "
    "McNeil 1982; of no width where the area is 1, which with one or two clips says little); red: the mean over "
    "tags; dotted: chance; in brackets: held-out clips with the tag. The targets are the tags that "
    "the pre-trained musicnn network gives to the same clips, thresholded, not the human annotations of "
    "MagnaTagATune, so these values are not comparable with published tagging results. Tags without both "
    "positive and negative held-out clips have no value and are left out."
)


def draw(*, scores: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw one bar per tag, best first, from scores with roc_auc, roc_auc_low and roc_auc_high (tag,)."""
    found = _frame(store.read(scores))
    shown = found.dropna(subset=["roc_auc"])
    with style.sheet(style.DOUBLE, 2.7) as figure:
        axes = figure.add_subplot()
        if shown.empty:
            style.says(axes, "no tag has both positive and negative held-out clips")
        else:
            _bars(axes, shown)
    style.save(figure, found, png=png, pdf=pdf, table=table)


def _frame(scores: xr.Dataset):
    names = [n for n in ("roc_auc", "roc_auc_low", "roc_auc_high", "pr_auc", "n_present") if n in scores]
    frame = scores[names].to_dataframe()[names].rename_axis("tag").reset_index()
    return frame.sort_values(["roc_auc", "tag"], ascending=[False, True], na_position="last")


def _bars(axes: Axes, found) -> None:
    x, mean = np.arange(len(found)), float(found["roc_auc"].mean())
    axes.bar(x, found["roc_auc"], width=0.78, color=style.SKY)
    if "roc_auc_low" in found:
        whiskers = np.maximum(0, [found["roc_auc"] - found["roc_auc_low"], found["roc_auc_high"] - found["roc_auc"]])
        axes.errorbar(x, found["roc_auc"], yerr=whiskers, fmt="none", ecolor=style.INK, elinewidth=0.7)
    axes.axhline(mean, color="#c1121f", lw=1.2)
    axes.text(1.004, mean, f"mean\n{mean:.3f}", color="#c1121f", va="center", transform=axes.get_yaxis_transform())
    axes.axhline(0.5, color=style.INK, lw=0.7, ls=":")
    axes.set_xticks(x, _labels(found), rotation=90 if len(x) > 12 else 45, ha="center" if len(x) > 12 else "right")
    low = min(0.45, float(np.nanmin(found.get("roc_auc_low", found["roc_auc"]))) - 0.02)
    axes.set(ylabel="ROC-AUC", ylim=(max(0, low), 1.0), xlim=(-0.7, len(x) - 0.3))
    axes.set_title(f"{len(x)} tags; targets are musicnn's tags, not MagnaTagATune's annotations")


def _labels(found) -> list[str]:
    """Name tags, with the number of held-out clips that have them: an area from one or two clips means little."""
    counts = found.get("n_present")
    if counts is None:
        return list(found["tag"])
    return [f"{tag} ({int(n)})" for tag, n in zip(found["tag"], counts, strict=True)]
