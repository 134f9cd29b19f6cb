"""The numbers of neuroplasticity that lead the report."""

import numpy as np
import xarray as xr

from heschl.figures.headlines_decoding import Headline, line
from heschl.figures.participants import number

CANARIES = {"noise": "the empty room instead of brains (canary)", "permuted": "shuffled labels (canary)"}


def of(found: xr.Dataset) -> list[Headline]:
    """Tell what a summary of classify says in numbers; nothing of any other result."""
    if "verdict" not in found:
        return []
    tests = [name for name in found["session"].values.astype(str)]
    return [*_accuracies(found, tests), *_verdicts(found, tests), *_canaries(found)]


def _accuracies(found: xr.Dataset, tests: list[str]) -> list[Headline]:
    """Give accuracy over the whole head, as published and in another run, before and after."""
    lines, splits = [], found["split"].values.astype(str)
    words = {"published": "random voxels, as published", "run": "another run, voxels never trained on"}
    for split in (s for s in words if s in splits):
        one = found.sel(experiment="full", split=split)
        low, high = one["accuracy_ci"].sel(evaluation="test").values
        after = [f"{name} {number(float(one['accuracy'].sel(evaluation=name)))}" for name in tests]
        note = f"95 % CI {number(low)} to {number(high)}, chance {number(1 / found.sizes['subject'])}; "
        note += f"other sessions: {', '.join(after)}"
        value = number(float(one["accuracy"].sel(evaluation="test")))
        lines.append(line(value, f"participants told apart before training, {words[split]}", note))
    return lines


def _verdicts(found: xr.Dataset, tests: list[str]) -> list[Headline]:
    """Say of each session whether its drop is drift or plasticity, and whether planted clusters were found."""
    lines = []
    for k, name in enumerate(tests):
        changed = int(found["changed"].values[k].sum())
        note = f"{changed} of {found.sizes['cluster']} clusters changed beyond drift (family-wise p ≤ .05)"
        best = found["auc"].values[k]
        if np.isfinite(best).any():
            pairs = zip(found["statistic"].values.astype(str), best, strict=True)
            note += "; ROC-AUC of planted clusters by " + ", ".join(f"{s} {number(float(a))}" for s, a in pairs)
        lines.append(line(str(found["verdict"].values[k]), f"session {name}", note))
    return lines


def _canaries(found: xr.Dataset) -> list[Headline]:
    lines = []
    for split in (s for s in CANARIES if s in found["split"].values.astype(str)):
        one = found.sel(experiment="full", split=split, evaluation="test")
        low, high = one["accuracy_ci"].values
        chance = 1 / found.sizes["subject"]
        verdict = "at chance, as it must be" if low <= chance <= high else "off chance: look before you believe any"
        note = f"95 % CI {number(low)} to {number(high)}, chance {number(chance)}: {verdict}"
        lines.append(line(number(float(one["accuracy"])), CANARIES[split], note))
    return lines
