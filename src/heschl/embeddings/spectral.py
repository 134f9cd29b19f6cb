"""Low-level features without any network, 96 for each 1.5 s: what reviewers of Brain2Music asked a baseline for.

Mel, MFCC, chroma, loudness, brightness and onsets come from the window's own samples. A beat or a slow modulation is
longer than that: tempo is taken from the 8 s around the window's middle, modulation from the clip through filters of
some seconds, averaged over the window. Both stay within the clip that was heard.
`layers` has the mel spectrogram alone, in bins.
"""

from pathlib import Path

import numpy as np

from heschl.science import spectral
from heschl.science.binning import bin_centres_s, bin_edges_s, bin_frames
from heschl.science.cutting import cut_at, resampled

RATE_HZ = 16_000
WINDOW_S = 1.5
LAYER = "all"
KIND = "audio"
N_FFT, HOP, N_MELS, N_MFCC = 1024, 160, 40, 13
SLOW_FFT, SLOW_HOP = 2048, 320  # of modulation: finer in frequency, 50 frames a second
TEMPO_S = 8.0


class Spectral:
    """Features by group; the layer "all" has them side by side."""

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Describe each window (start, end in s) of a clip (sample,): group -> (window, feature), and the starts."""
        sounds = cut_at(audio, rate_hz, windows_s, RATE_HZ)
        clip = resampled(np.asarray(audio, np.float32)[None], rate_hz, RATE_HZ)[0]
        groups = _inside(sounds)
        groups["rhythm"] = np.concatenate([groups["rhythm"], _tempo(clip, windows_s)], 1)
        groups["modulation"] = _modulation(clip, windows_s)
        values = {name: np.asarray(group, np.float32) for name, group in groups.items()}
        return values | {LAYER: np.concatenate(list(values.values()), 1)}, np.asarray(windows_s, float)[:, 0]


def load(source: str | Path = "") -> Spectral:
    """Return the model; it has no source."""
    return Spectral()


def layers(
    audio: np.ndarray, rate_hz: float, weights: str | Path, bin_s: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Average the mel spectrogram of clips (clip, sample), in dB, in bins: one layer, the control of a network's.

    Parameters
    ----------
    rate_hz : of the audio; brought to 16 kHz
    weights : none; bin_s : bin length, seconds

    Returns
    -------
    "mel" -> (clip, bin, 40) float32, and the centres of the bins, seconds
    """
    bins_s, found = bin_edges_s(audio.shape[1] / rate_hz, bin_s), []
    for clip in audio:
        mel_db = spectral.log_mel(resampled(clip[None], rate_hz, RATE_HZ)[0], RATE_HZ, N_FFT, HOP, N_MELS)
        found.append(bin_frames(mel_db.T, HOP / RATE_HZ, audio.shape[1] / rate_hz, bins_s))
    return {"mel": np.stack(found)}, bin_centres_s(bins_s)


def _inside(sounds: np.ndarray) -> dict[str, np.ndarray]:
    """Describe sounds (window, sample) by themselves alone."""
    mel_db = [spectral.log_mel(sound, RATE_HZ, N_FFT, HOP, N_MELS) for sound in sounds]
    power = [spectral.power_spectrum(sound, N_FFT, HOP) for sound in sounds]
    chroma = [spectral.chroma(spectral.power_spectrum(s, 4 * N_FFT, 4 * HOP), RATE_HZ).mean(0) for s in sounds]
    hz = np.array([np.average(spectral.brightness(p, RATE_HZ), weights=p.sum(1) + spectral.FLOOR) for p in power])
    onsets = [spectral.onset_strength(mel) for mel in mel_db]
    columns = [spectral.loudness_db(sounds), np.log2(np.maximum(hz, 20.0))]
    columns += [[o.mean() for o in onsets], [o.std() for o in onsets]]
    return {
        "mel": np.stack([mel.mean(0) for mel in mel_db]),
        "mfcc": np.stack([spectral.mfcc(mel, N_MFCC).mean(0) for mel in mel_db]),
        "chroma": np.stack(chroma),
        "rhythm": np.stack(columns, 1),
    }


def _tempo(clip: np.ndarray, windows_s: np.ndarray) -> np.ndarray:
    """Return log2 of the tempo (beats a minute) and its clarity in the 8 s around each window: (window, 2)."""
    frame_hz = RATE_HZ / HOP
    onsets = spectral.onset_strength(spectral.log_mel(clip, RATE_HZ, N_FFT, HOP, N_MELS))
    width = min(len(onsets), int(TEMPO_S * frame_hz))
    rows = []
    for middle_s in np.mean(windows_s, axis=1):
        first = int(np.clip(middle_s * frame_hz - width / 2, 0, len(onsets) - width))
        found = spectral.tempo(onsets[first : first + width], frame_hz)
        rows.append((np.log2(found.bpm), found.clarity))
    return np.array(rows)


def _modulation(clip: np.ndarray, windows_s: np.ndarray) -> np.ndarray:
    """Return the mean strength of each rate and scale over each window's frames: (window, rate x scale)."""
    frame_hz = RATE_HZ / SLOW_HOP
    bands = spectral.log_bands(spectral.power_spectrum(clip, SLOW_FFT, SLOW_HOP), RATE_HZ)
    strength = spectral.modulation(bands, frame_hz).reshape(len(bands), -1)
    edges = np.rint(np.asarray(windows_s) * frame_hz).astype(int)
    return np.stack([strength[start : max(start + 1, end)].mean(0) for start, end in edges])
