"""F4: how well the network tells tags apart on music it was not trained on."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import style
from heschl.figures.participants import number, p_words

TITLE = "Tagging performance"
CAPTION = (
    "Area under the ROC curve of each tag on held-out tracks, with 95 % confidence intervals (DeLong, clips of one "
    "track taken together; none where fewer than two tracks have or lack the tag; of no width where the area is 1, "
    "which with few clips says little); red: the mean over the tags that have an interval, and its own; black marks "
    "and dashed line: a linear map from mel spectra to the tags, taught by the same training clips and tested on the "
    "same held-out ones; dotted: chance; in brackets: held-out clips with the tag. The difference of the two means is"
    " tested with what they share on the same clips taken into account. Where the title says that the targets are "
    "musicnn's tags, they are what that pre-trained network says of the clips, thresholded, not the human annotations"
    " of MagnaTagATune, and the values are not comparable with published tagging results. Tags without both positive "
    "and negative held-out clips have no value and are left out. Where embed.sources names weights, the layers "
    "compared with the brain are theirs, not those of this network."
)
MEAN = "#c1121f"
PER_TAG = ("roc_auc", "roc_auc_low", "roc_auc_high", "error", "baseline_auc", "pr_auc", "n_present")
SINGLE = {  # name in the row of means -> variable
    "roc_auc": "macro_roc_auc", "roc_auc_low": "macro_roc_auc_low", "roc_auc_high": "macro_roc_auc_high",
    "baseline_auc": "baseline_macro_roc_auc", "difference": "difference", "difference_low": "difference_low",
    "difference_high": "difference_high", "difference_p": "difference_p",
}  # fmt: skip


def draw(*, scores: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw one bar per tag, best first, from scores of train_tagger: areas, intervals and those of the baseline."""
    found = store.read(scores).load()
    tags, mean = _frame(found), {name: float(found[variable]) for name, variable in SINGLE.items()}
    shown = tags.dropna(subset=["roc_auc"])
    with style.sheet(style.DOUBLE, 2.9) as figure:
        axes = figure.add_subplot()
        if shown.empty:
            style.says(axes, "no tag has both positive and negative held-out clips")
        else:
            _bars(axes, shown, mean)
            axes.set_title(_title(shown, mean, str(found.attrs.get("reference", ""))), fontsize=7.2)
    numbers = pd.concat([tags, pd.DataFrame([{"tag": "mean of tags"} | mean])], ignore_index=True)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _frame(scores: xr.Dataset) -> pd.DataFrame:
    frame = scores[list(PER_TAG)].to_dataframe()[list(PER_TAG)].rename_axis("tag").reset_index()
    return frame.sort_values(["roc_auc", "tag"], ascending=[False, True], na_position="last")


def _title(found: pd.DataFrame, mean: dict[str, float], reference: str) -> str:
    """Say what was learned, the mean and how far it is from the baseline's."""
    lines = f"{len(found)} tags" + (f"; targets: {reference}" if reference else "")
    if not np.isfinite(mean["difference"]):
        return lines
    low, high = (number(mean[f"difference_{end}"], 3) for end in ("low", "high"))
    where = "above" if mean["difference"] >= 0 else "below"
    more = f"{where} the mel-linear baseline: difference {number(mean['difference'], 3)} [{low}, {high}]"
    return f"{lines}\n{more}, {p_words(mean['difference_p'])}"


def _bars(axes: Axes, found: pd.DataFrame, mean: dict[str, float]) -> None:
    x = np.arange(len(found))
    axes.bar(x, found["roc_auc"], width=0.78, color=style.SKY)
    whiskers = np.maximum(0, [found["roc_auc"] - found["roc_auc_low"], found["roc_auc_high"] - found["roc_auc"]])
    axes.errorbar(x, found["roc_auc"], yerr=whiskers, fmt="none", ecolor=style.INK, elinewidth=0.7)
    axes.hlines(found["baseline_auc"], x - 0.38, x + 0.38, color=style.INK, lw=1.4)
    axes.axhspan(mean["roc_auc_low"], mean["roc_auc_high"], color=MEAN, alpha=0.15, lw=0, zorder=0)
    axes.axhline(mean["roc_auc"], color=MEAN, lw=1.2)
    axes.axhline(mean["baseline_auc"], color=style.INK, lw=0.9, ls=(0, (4, 2)))
    axes.axhline(0.5, color=style.INK, lw=0.7, ls=":")
    axes.set_xticks(x, _labels(found), rotation=90 if len(x) > 12 else 45, ha="center" if len(x) > 12 else "right")
    low = max(0.0, np.nanmin([*found["roc_auc_low"], *found["baseline_auc"], *found["roc_auc"], 0.47]) - 0.02)
    axes.set(ylabel="ROC-AUC", ylim=(low, 1.01), xlim=(-0.7, len(x) - 0.3))
    _name_lines(axes, mean, 0.17 * (1 - low))


def _name_lines(axes: Axes, mean: dict[str, float], apart: float) -> None:
    """Name the lines at the right of the bars, pushed apart where they lie close together."""
    ours, theirs = mean["roc_auc"], mean["baseline_auc"]
    at = {"va": "center", "fontsize": 6.5, "transform": axes.get_yaxis_transform()}
    push = max(0.0, apart - abs(ours - theirs)) / 2 * (1 if ours >= theirs else -1) if np.isfinite(theirs) else 0.0
    axes.text(1.006, ours + push, f"mean\n{number(ours, 3)}", color=MEAN, **at)
    if np.isfinite(theirs):
        axes.text(1.006, theirs - push, f"mel-linear\n{number(theirs, 3)}", **at)


def _labels(found: pd.DataFrame) -> list[str]:
    """Name tags, with the number of held-out clips that have them: an area from one or two clips means little."""
    return [f"{tag} ({int(n)})" for tag, n in zip(found["tag"], found["n_present"], strict=True)]
