"""What figures of sound share: spectrograms, waveforms as envelopes, and the dreams of a network opened and named."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from scipy.signal.windows import hann

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import participants, style

N_FFT, HOP = 512, 256  # as published: windows of 512 samples, half of each shared with the next
RANGE_DB = 80.0
PEAK = 0.9
N_COLUMNS = 1600  # of a waveform: more than a page's width has pixels
DREAM_INK = {"original": style.INK, "layer 3": style.BLUE, "layer 2": style.GREEN, "layer 1": style.ORANGE}


def opened(path: Path, rule: str, *needed: str) -> xr.Dataset:
    """Read a store of dreams; refuse one that lacks an array, naming the rule that writes it."""
    found = store.read(path).load()
    if missing := [name for name in needed if name not in found]:
        raise HeschlError(path, f"no {missing[0]}", f"wanted what {rule} writes", f"Run the rule {rule}")
    return found


def of_clip(found: xr.Dataset, clip: int, path: Path) -> xr.Dataset:
    """Take one clip of dreams, counted from 1."""
    n = found.sizes["clip"]
    if not 1 <= clip <= n:
        raise HeschlError(path, f"no clip {clip}", f"wanted 1 to {n}", "Raise dream: n_clips")
    return found.isel(clip=clip - 1)


def words(which: str) -> str:
    """Name a sound for readers: layer_3 -> layer 3."""
    return str(which).replace("_", " ").replace("-", " ")


def named(one: xr.Dataset) -> str:
    """Name the clip that was dreamed from: its track and style, as far as they are known."""
    told = [str(one["track"].values)] if "track" in one.coords else []
    told += [str(one.attrs["from_style"])] if "from_style" in one.attrs else []
    return ", ".join(word.replace("_", " ") for word in told)


def taken_for(one: xr.Dataset) -> str:
    """Say which style the network takes a sound for, and how surely; "" if that isn't known."""
    if "probability" not in one:
        return ""
    share = one["probability"].values.astype(float)
    best = int(share.argmax())
    return f"{str(one['style'].values[best]).replace('_', ' ')} {participants.number(share[best])}"


def as_heard(wave: np.ndarray) -> np.ndarray:
    """Scale a sound to the peak it is written with; silence stays."""
    wave = np.asarray(wave, float)
    return PEAK * wave / max(np.abs(wave).max(), 1e-12)


def envelope(wave: np.ndarray, rate_hz: float, n: int = N_COLUMNS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the time (column,) and the least and largest sample of each column of a sound (sample,)."""
    first = np.unique(np.linspace(0, len(wave), min(n, len(wave)), endpoint=False).astype(int))
    return first / rate_hz, np.minimum.reduceat(wave, first), np.maximum.reduceat(wave, first)


def waveform(axes: Axes, wave: np.ndarray, rate_hz: float, ink: str) -> None:
    """Draw a sound (sample,) as its envelope, as heard."""
    time, low, high = envelope(as_heard(wave), rate_hz)
    axes.fill_between(time, low, high, color=ink, lw=0.3, step="post")
    axes.set(xlim=(0, len(wave) / rate_hz), ylim=(-1, 1), yticks=[-1, 0, 1])


def power_db(wave: np.ndarray) -> np.ndarray:
    """Return the spectrogram (frame, frequency) in decibels below its loudest point; Hann windows, 50 % overlap."""
    wave = np.asarray(wave, float)
    wave = np.pad(wave, (0, max(0, N_FFT - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(wave, N_FFT)[::HOP]
    power = np.abs(np.fft.rfft(frames * hann(N_FFT, sym=False), axis=1)) ** 2
    return 10 * np.log10(np.maximum(power / max(power.max(), 1e-20), 1e-12))


def spectrogram(axes: Axes, wave: np.ndarray, rate_hz: float) -> AxesImage:
    """Draw the spectrogram of a sound (sample,), low at the bottom, in kilohertz and seconds."""
    level = power_db(wave)
    bin_khz, end_s = rate_hz / N_FFT / 1000, ((len(level) - 1) * HOP + N_FFT) / rate_hz
    first_s = (N_FFT - HOP) / 2 / rate_hz
    extent = (first_s, end_s - first_s, -bin_khz / 2, rate_hz / 2000 + bin_khz / 2)
    image = axes.imshow(level.T, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE_DB, vmax=0, extent=extent,
                        interpolation="nearest")  # fmt: skip
    axes.set(xlim=(0, len(wave) / rate_hz), ylim=(0, rate_hz / 2000))
    return image


def level_bar(figure: Figure, image: AxesImage, panels, **how: float) -> None:
    """Put the shared colour bar of spectrograms beside panels."""
    bar = figure.colorbar(image, ax=panels, ticks=[-RANGE_DB, -RANGE_DB / 2, 0], **how)
    bar.ax.set_yticklabels([f"−{RANGE_DB:g}", f"−{RANGE_DB / 2:g}", "0"])
    bar.set_label("dB below the loudest point of each")


def flatness(wave: np.ndarray) -> float:
    """Return the spectral flatness of a sound: geometric over arithmetic mean of its mean spectrum, 1 for white noise.

    Of the mean over time (Welch): single frames of white noise are far from flat (exp(-Euler's constant) = .56).
    """
    power = (10 ** (power_db(wave) / 10)).mean(0)[1:-1]  # without the ends, which windows halve
    return float(np.exp(np.mean(np.log(power))) / power.mean())


def relative(objective: np.ndarray) -> tuple[np.ndarray, str]:
    """Return an objective (..., iteration) so that its climb can be seen, and what that is: "ratio" or "difference".

    Of one sign everywhere, it is divided by its start; else the start is subtracted.
    """
    start = objective[..., :1]
    known = objective[np.isfinite(objective)]
    if known.size and (np.all(known > 0) or np.all(known < 0)):
        return objective / start, "ratio"
    return objective - start, "difference"


def times(value: float) -> str:
    """Write a factor short: 1.3, 47, 12,000, 3.2 million."""
    if not np.isfinite(value):
        return "n/a"
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.3g} million"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"
