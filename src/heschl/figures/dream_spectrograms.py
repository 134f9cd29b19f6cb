"""F23 of style_dream: a clip, and what each layer of the network dreams of it, as spectrograms."""

from pathlib import Path

import pandas as pd

from heschl.figures import dream_waves, sounds, style

TITLE = "A clip and its dreams: spectrograms"
CAPTION = (
    "Short-time Fourier transforms (512 samples, Hann windows, 50 % overlap) of the sounds of the waveform figure: the "
    "clip, and its dreams of the third, second and first convolution. Colour: decibels below the loudest point of each "
    "sound, so colours compare within a panel, not between loudness of panels. Published to be expected: bursts over "
    "all frequencies from layer 1, pulses from layer 2, and from layer 3 the clip's own envelope with little left but "
    "fundamentals."
)


def draw(*, dreams: Path, png: Path, pdf: Path, table: Path, clip: int = 1) -> None:
    """Draw wave (which, sample) of one clip of a store of dream.audio; the table holds mean levels by frequency.

    Raises
    ------
    HeschlError
        If the store has no such clip.
    """
    found = sounds.opened(dreams, "dream_audio", "wave", "objective")
    one, rate_hz = sounds.of_clip(found, clip, dreams), float(found.attrs["rate_hz"])
    names, rows = one["which"].values.astype(str).tolist(), []
    with style.sheet(style.DOUBLE * 0.75, 0.5 + 1.05 * len(names)) as figure:
        panels = figure.subplots(len(names), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for axes, name in zip(panels, names, strict=True):
            wave = one["wave"].sel(which=name).values
            image = sounds.spectrogram(axes, wave, rate_hz)
            axes.set_title(dream_waves.said(one, name))
            level = 10 ** (sounds.power_db(wave) / 10)
            rows += [(clip, name, k * rate_hz / sounds.N_FFT, v) for k, v in enumerate(level.mean(0))]
        panels[-1].set_xlabel("time (s)")
        figure.supylabel("frequency (kHz)", fontsize=7.5)
        sounds.level_bar(figure, image, panels, shrink=0.5, aspect=25, pad=0.015)
    numbers = pd.DataFrame(rows, columns=["clip", "which", "frequency_hz", "mean_power_re_loudest"])
    style.save(figure, numbers, png=png, pdf=pdf, table=table)
