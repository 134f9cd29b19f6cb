"""Regress: predictors of a continuous stimulus against time courses of regions."""

from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats

from heschl import store
from heschl.datasets import alice_fmri_roi
from heschl.errors import HeschlError
from heschl.science import story as science

ONE = {"units": "1"}


def story(
    *, folder: Path, encoding: Path, radius: str, delays_tr: list[int], n_folds: int, high_pass_hz: float, seed: int
) -> None:
    """Predict each region's time course from the sound power of the story, listener by listener.

    Writes r (subject, region), held out, nested cross-validation; its mean (region,), t and p over listeners
    (one-sided, Fisher z), and null_r (subject, region), the same after a circular shift of the predictor.

    Raises
    ------
    HeschlError
        If the folder can't be read. A listener who can't be analysed is left out and named, in the log and in the
        store's attribute `refused`.
    """
    heard = alice_fmri_roi.load(folder, radius)
    for line in heard.attrs["refused"]:
        print(f"heschl: {line}", flush=True)
    r, null = [], []
    for k in range(heard.sizes["subject"]):
        one = heard.isel(subject=k)
        known = science.nuisance(one["motion"].values, heard.attrs["tr_s"], high_pass_hz)
        power = science.delayed(one["sound_power"].values, delays_tr)
        try:
            r.append(science.held_out_r(power, one["bold"].values, known, n_folds))
            null.append(science.shifted_null(power, one["bold"].values, known, n_folds, 1, seed + k)[0])
        except ValueError as error:
            raise HeschlError(folder, f"{one['subject'].item()}: {error}", "wanted a whole recording") from None
    store.write(encoding, _scores(np.array(r), np.array(null), heard, delays_tr))


def _scores(r: np.ndarray, null: np.ndarray, heard: xr.Dataset, delays_tr: list[int]) -> xr.Dataset:
    tested = stats.ttest_1samp(np.arctanh(r), 0, alternative="greater")
    shifted = stats.ttest_1samp(np.arctanh(null), 0, alternative="greater")
    per_subject = ("subject", "region")
    arrays = {
        "r": (per_subject, r, ONE | {"long_name": "held-out Pearson r"}),
        "null_r": (per_subject, null, ONE | {"long_name": "the same, predictor shifted in a circle"}),
        "mean_r": ("region", r.mean(0), ONE),
        "t": ("region", tested.statistic, ONE),
        "p": ("region", tested.pvalue, ONE),
        "null_t": ("region", shifted.statistic, ONE),
    }
    coords = {"subject": heard["subject"].values, "region": heard["region"].values}
    attrs = {"delays_tr": list(delays_tr), "n_subjects": len(r), "refused": heard.attrs["refused"]}
    return xr.Dataset(arrays, coords, attrs | {"radius": heard.attrs["radius"]})
