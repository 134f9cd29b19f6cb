"""MEG recordings, from the file to one band at one rate: read, bad channels, SSS, band-pass, decimation, Hilbert."""

import sys
from pathlib import Path

import mne
import numpy as np
from scipy.signal import hilbert

from heschl.errors import HeschlError

FLAT = 1e-3  # of the median SD of its kind: a channel that varies less is dead
SATURATED = 0.01  # share of samples at its very top or bottom: a channel that clips
BAD = 0.2  # share of channels, beyond which a recording is refused
WHOLE = 1e-3  # how far a ratio of rates may be off a whole number


def read(path: Path, in_helmet: bool = True) -> mne.io.BaseRaw:
    """Read a recording, flat and saturated channels marked bad beside those that its sidecar calls bad.

    FIF, CTF's .ds folder, or KIT's .con and .sqd; in a BIDS dataset through mne-bids, with all sidecars.

    Parameters
    ----------
    in_helmet : a head was there, so its place must be known; False for an empty room

    Returns
    -------
    MEG and reference channels, in memory

    Raises
    ------
    HeschlError
        If the file is damaged or holds no MEG, a value isn't finite, the place of the head is missing, or more
        than 20 % of the channels are bad.
    """
    raw = _load(Path(path))
    if in_helmet:
        _check_place(path, raw.info)
    faults = dict.fromkeys(raw.info["bads"], "bad by its sidecar") | faulty(raw)
    meg = [raw.ch_names[k] for k in _meg(raw.info)]
    faults = {name: fault for name, fault in faults.items() if name in meg}
    raw.info["bads"] = list(faults)
    named = ", ".join(f"{name} ({fault})" for name, fault in faults.items())
    if len(faults) > BAD * len(meg):
        given = f"{len(faults)} of {len(meg)} channels are bad: {named[:200]}"
        raise HeschlError(path, given, f"wanted at most {BAD:.0%}", "Leave the recording out")
    if faults:
        print(f"{Path(path).name}: left out: {named}", file=sys.stderr)
    return raw


def faulty(raw: mne.io.BaseRaw) -> dict[str, str]:
    """Find MEG channels that are flat, or that stay at their top or bottom: name -> what is wrong."""
    found = {}
    for kind in ("mag", "grad"):
        picks = mne.pick_types(raw.info, meg=kind, ref_meg=False, exclude=[])
        data = raw.get_data(picks) if len(picks) else np.zeros((0, 1))
        sd = data.std(1)
        flat = sd <= FLAT * np.median(sd) if len(sd) else sd
        extreme = [(data == edge[:, None]).mean(1) for edge in (data.max(1), data.min(1))]
        for name, is_flat, share in zip(np.array(raw.ch_names)[picks], flat, np.max(extreme, 0), strict=True):
            if is_flat or share > SATURATED:
                found[str(name)] = "flat" if is_flat else f"saturated in {share:.0%} of samples"
    return found


def drop_absent(raw: mne.io.BaseRaw, names: list[str]) -> None:
    """Mark channels bad that the empty room lacks, if they are few: they have no noise covariance."""
    absent = [name for k in _meg(raw.info) if (name := raw.ch_names[k]) not in names]
    if len(absent) <= BAD * len(_meg(raw.info)):
        raw.info["bads"] = list(dict.fromkeys([*raw.info["bads"], *absent]))


def separate(raw: mne.io.BaseRaw, like: mne.io.BaseRaw | None = None) -> mne.io.BaseRaw:
    """Keep what comes from inside the helmet: signal space separation (Taulu & Kajola 2005), no temporal part.

    Parameters
    ----------
    like : the run that an empty room belongs to; its head position is lent
    """
    if not any(ch["coil_type"] // 1000 == 3 for ch in raw.info["chs"]):
        raise HeschlError("beamform, sss", "true, but the recording isn't Neuromag's", "wanted 306 channels", "Unset")
    with mne.use_log_level("error"):
        if like is not None:
            raw = mne.preprocessing.maxwell_filter_prepare_emptyroom(raw, raw=like, bads="union")
        return mne.preprocessing.maxwell_filter(raw, origin="auto", coord_frame="head")


def band(
    raw: mne.io.BaseRaw, band_hz: tuple[float, float], rate_hz: float, resample: bool, project: bool = True
) -> mne.io.RawArray:
    """Band-pass by a zero-phase FIR filter, then keep every so many-th sample; bad channels are dropped.

    The band-pass is the anti-alias filter. `raw` is used up: it is filtered in place, to save memory.

    Parameters
    ----------
    rate_hz : wanted; the rate of the recording must be a whole multiple of it, unless `resample`
    project : apply the recording's projections; else they are dropped (the empty room takes those of its run)

    Raises
    ------
    HeschlError
        If the rates don't fit, the band doesn't fit the rate, or the recording is shorter than the filter.
    """
    where, sfreq = _name(raw), raw.info["sfreq"]
    step = _step(where, sfreq, rate_hz, resample)
    _check_band(where, raw, band_hz, rate_hz)
    with mne.use_log_level("error"):
        raw.pick(mne.pick_types(raw.info, meg=True, ref_meg=True, exclude="bads"))
        if project:
            raw.apply_proj()
        elif not any(p["active"] for p in raw.info["projs"]):
            raw.del_proj("all")
        raw.filter(*band_hz)
        if step is None:
            return _array(raw.resample(rate_hz), 1)
        return _array(raw, step)


def analytic(raw: mne.io.BaseRaw, names: list[str]) -> np.ndarray:
    """Analytic signal of some channels: complex array of shape (channel, time)."""
    return hilbert(raw.get_data(names))


def _load(path: Path) -> mne.io.BaseRaw:
    with mne.use_log_level("error"):
        try:
            raw = _open(path).load_data()
            raw.pick(mne.pick_types(raw.info, meg=True, ref_meg=True, exclude=[]))
        except Exception as error:  # readers of foreign formats raise anything
            given = f"can't be read as MEG: {str(error)[:200] or type(error).__name__}"
            raise HeschlError(path, given, "wanted FIF, CTF or KIT", "Fetch it again, or leave it out") from None
    if not raw.n_times or not np.isfinite(raw.get_data()).all():
        raise HeschlError(path, "holds no sample, or one that isn't finite", "wanted numbers", "Fetch it again")
    return raw


def _open(path: Path) -> mne.io.BaseRaw:
    if not any((folder / "dataset_description.json").is_file() for folder in path.parents):
        return mne.io.read_raw(path)
    import mne_bids  # slow

    return mne_bids.read_raw_bids(mne_bids.get_bids_path_from_fname(path))


def _check_place(path: Path, info: mne.Info) -> None:
    """Refuse a recording that doesn't say where the head was; a head never sits at the helmet's own origin."""
    place = info["dev_head_t"]
    if place is None or np.allclose(place["trans"], np.eye(4), atol=1e-6):
        given = "doesn't say where the head was (no dev_head_t)"
        raise HeschlError(path, given, "wanted the device-to-head transform", "Add the head position")


def _meg(info: mne.Info) -> np.ndarray:
    return mne.pick_types(info, meg=True, ref_meg=False, exclude=[])


def _name(raw: mne.io.BaseRaw) -> str:
    return str(raw.filenames[0] or "recording")


def _step(where: str, sfreq: float, rate_hz: float, resample: bool) -> int | None:
    """Return every how many-th sample is kept; None if the recording is to be resampled."""
    ratio = sfreq / rate_hz
    if round(ratio) >= 1 and abs(ratio - round(ratio)) <= WHOLE * round(ratio):
        return round(ratio)
    if resample:
        return None
    given = f"its rate {sfreq:g} Hz isn't a whole multiple of {rate_hz:g} Hz"
    raise HeschlError(where, given, "wanted rates that fit", "Change rate_hz, or set resample: true")


def _check_band(where: str, raw: mne.io.BaseRaw, band_hz: tuple[float, float], rate_hz: float) -> None:
    low, high = band_hz
    stop = high + max(high / 4, 2)  # the upper edge of MNE's default transition
    if not 0 < low < high or stop > min(rate_hz, raw.info["sfreq"]) / 2:
        given = f"band {low:g} to {high:g} Hz at {rate_hz:g} Hz from {raw.info['sfreq']:g} Hz"
        raise HeschlError(where, given, f"wanted at least {2 * stop:g} Hz", "Change band_hz or rate_hz")
    length = round(3.3 / min(max(low / 4, 2), low) * raw.info["sfreq"])  # MNE's default Hamming window
    if raw.n_times < 2 * length:
        given = f"{raw.n_times / raw.info['sfreq']:.1f} s of recording"
        raise HeschlError(where, given, f"wanted {2 * length / raw.info['sfreq']:.1f} s for the filter", "Leave it out")


def _array(raw: mne.io.BaseRaw, step: int) -> mne.io.RawArray:
    """Take every so many-th sample; time starts at 0 there, as in events.tsv."""
    info = raw.info.copy()
    with info._unlock():
        info["sfreq"] = raw.info["sfreq"] / step
    return mne.io.RawArray(np.ascontiguousarray(raw.get_data()[:, ::step]), info)
