"""Clips of a track: cut where they should be, as librosa reads them; what can't be used is refused by name."""

import tracemalloc
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from heschl.datasets import style_audio
from heschl.datasets.style_folders import Track
from heschl.errors import HeschlError

RATE_HZ = 44_100


def sound(seconds: float, rate_hz: int = RATE_HZ, channels: int = 2) -> np.ndarray:
    """Sweeps, other ones in each channel, louder towards the end."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    rows = [0.05 * (1 + t / seconds) * np.sin(2 * np.pi * (100 + 40 * c + 25 * t) * t) for c in range(channels)]
    return np.stack(rows, 1).astype("f4")


def put(path: Path, wave: np.ndarray, rate_hz: int = RATE_HZ, **told: object) -> Track:
    soundfile.write(path, wave, rate_hz)
    return Track(path, "pop", "a", **told)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_a_track_is_trimmed_and_cut_as_librosa_would_load_it(tmp_path, ending, monkeypatch):
    monkeypatch.setattr(style_audio, "BLOCK", 10_000)  # many blocks
    track = put(tmp_path / f"a.{ending}", sound(17.7))
    wave, start_s = style_audio.clips(track, clip_s=2, trim_s=3)
    assert wave.shape == (5, 16_000) and wave.dtype == np.float32  # 11.7 s: five clips, the rest is dropped
    np.testing.assert_allclose(start_s, [3, 5, 7, 9, 11])
    whole, _ = librosa.load(track.file, sr=8000, mono=True)
    wanted = (whole * 0.9 / np.abs(whole).max())[24_000:104_000].reshape(5, 16_000)
    np.testing.assert_allclose(wave, wanted, atol=2e-4)


def test_clips_that_are_cut_already_are_not_trimmed(tmp_path):
    track = put(tmp_path / "a.flac", sound(5, 8000, 1), 8000, clip_start_s=62.5, seconds=5.0)
    wave, start_s = style_audio.clips(track)
    assert wave.shape == (1, 40_000) and start_s.tolist() == [62.5]
    assert np.abs(wave).max() == pytest.approx(0.9)
    native, _ = soundfile.read(track.file)
    np.testing.assert_allclose(wave[0], native * 0.9 / np.abs(native).max(), atol=1e-6)


def test_hours_are_not_read_whole(tmp_path, capsys):
    path, rate_hz = tmp_path / "long.flac", 8000
    with soundfile.SoundFile(path, "w", rate_hz, 1) as file:
        minute = sound(60, rate_hz, 1)
        for _ in range(120):
            file.write(minute)
    tracemalloc.start()
    wave, start_s = style_audio.clips(Track(path, "pop", "long"), longest_s=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32e6 and wave.shape == (14, 40_000)  # 30 s to 100 s: the end that is trimmed is far away
    assert start_s[[0, -1]].tolist() == [30, 95]
    assert "only the first 100 s are taken" in capsys.readouterr().err


def test_the_end_is_trimmed_from_the_files_own_end(tmp_path):
    track = put(tmp_path / "a.wav", sound(20, 8000, 1), 8000)
    _, start_s = style_audio.clips(track, clip_s=1, trim_s=3, longest_s=19)
    assert start_s.tolist() == list(range(3, 17))


def loud(wave: np.ndarray, share: float) -> np.ndarray:
    clipped = wave.copy()
    clipped[: round(len(wave) * share)] = 1.0
    return clipped


BAD = {
    "silent: RMS": np.zeros((80_000, 1)),
    "silent: RMS [34]": sound(10, 8000) * 1e-3,
    "clipped: 2.0%": loud(sound(10, 8000), 0.02),
    "9.50 s long; wanted 10 s at least": sound(9.5, 8000),
    "NaN or infinity": np.where(np.arange(80_000) == 7, np.nan, sound(10, 8000)[:, 0]),
}


@pytest.mark.parametrize(("told", "wave"), BAD.items(), ids=list(BAD))
def test_sound_that_cannot_be_used_is_refused(tmp_path, told, wave):
    path = tmp_path / "a.wav"
    soundfile.write(path, wave, 8000, subtype="FLOAT")
    with pytest.raises(HeschlError, match=f"a.wav: .*{told}"):
        style_audio.clips(Track(path, "pop", "a"), clip_s=4, trim_s=3)


def test_a_little_clipping_is_music(tmp_path):
    track = put(tmp_path / "a.wav", loud(sound(12, 8000), 0.009), 8000)
    assert len(style_audio.clips(track, clip_s=4, trim_s=3)[0]) == 1


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "m4a"])
def test_what_is_no_sound_is_refused(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"this is no sound at all" * 100)
    with pytest.raises(HeschlError, match="can't be decoded|long; wanted|header"):
        style_audio.clips(Track(path, "pop", "a"))


@pytest.mark.parametrize("ending", ["wav", "flac"])  # an ogg doesn't say how long it should be
def test_truncated_files_are_refused(tmp_path, ending):
    track = put(tmp_path / f"a.{ending}", sound(30, 8000), 8000)
    data = track.file.read_bytes()
    track.file.write_bytes(data[: len(data) // 2])
    with pytest.raises(HeschlError, match="header says|can't be decoded|s at 8000 Hz"):
        style_audio.clips(track, trim_s=3)


def with_rate(path: Path, rate_hz: int) -> None:
    """Write another rate into a WAV's header, and nothing else."""
    data = bytearray(path.read_bytes())
    data[24:28] = rate_hz.to_bytes(4, "little")
    path.write_bytes(data)


RATES = {11_025: "should be", 4000: "header says 4000 Hz", 0: "can't be decoded|header says"}


@pytest.mark.parametrize(("rate_hz", "told"), RATES.items())
def test_a_wrong_rate_in_the_header_is_refused(tmp_path, rate_hz, told):
    track = put(tmp_path / "a.wav", sound(20, 8000), 8000)
    with_rate(track.file, rate_hz)
    with pytest.raises(HeschlError, match=told):
        style_audio.clips(track, trim_s=3)


def test_the_manifest_must_be_true(tmp_path):
    track = put(tmp_path / "a.flac", sound(2.5, 16_000), 16_000, clip_start_s=0.0, seconds=5.0)
    with pytest.raises(HeschlError, match="2.50 s at 16000 Hz; the manifest says 5.00 s"):
        style_audio.clips(track, clip_s=2)
    with pytest.raises(HeschlError, match="sha256 isn't the manifest's"):
        style_audio.clips(track._replace(sha256="0" * 64))
