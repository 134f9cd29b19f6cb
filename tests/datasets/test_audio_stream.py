"""Clips come one block after the other, as they are in the files, in the memory of a block."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from small_magnatagatune import mp3, tone

from heschl.datasets import audio_stream
from heschl.errors import HeschlError


def joined(files, **options) -> audio_stream.Block:
    found = list(audio_stream.blocks(files, **options))
    return audio_stream.Block(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def test_clips_are_what_the_files_hold_cut_or_padded(tmp_path) -> None:
    files = [mp3(tmp_path / f"{i}.mp3", tone(seconds, 300 + 100 * i)) for i, seconds in enumerate((2.0, 3.5, 1.0))]
    block = joined(files, clip_s=2.5, n_clips=2)
    assert block.audio.shape == (3, 40_000) and block.audio.dtype == np.int16
    for path, row, length in zip(files, block.audio, block.length, strict=True):
        wanted, _ = soundfile.read(path)
        assert length == len(wanted)
        kept = min(length, 40_000)
        np.testing.assert_allclose(row[:kept] / 32_768, wanted[:kept], atol=0.51 / 32_768)
        assert not row[kept:].any()


def test_blocks_do_not_change_what_is_read(tmp_path, monkeypatch) -> None:
    files = [mp3(tmp_path / f"{i}.mp3", tone(1.3, 200 + 90 * i)) for i in range(5)]
    whole = joined(files, clip_s=1.5, n_clips=5)
    sizes = [len(block.audio) for block in audio_stream.blocks(files, clip_s=1.5, n_clips=2)]
    monkeypatch.setattr(audio_stream, "FRAMES", 1000)
    parts = joined(files, clip_s=1.5, n_clips=2)
    assert sizes == [2, 2, 1]
    np.testing.assert_array_equal(whole.audio, parts.audio)
    np.testing.assert_array_equal(whole.length, parts.length)


def test_other_rates_and_channels_become_16_khz_mono(tmp_path) -> None:
    stereo = np.stack([tone(2, 440, 44_100), tone(2, 1000, 44_100)], 1)
    soundfile.write(tmp_path / "a.wav", stereo, 44_100, subtype="FLOAT")
    sound = audio_stream.decode(tmp_path / "a.wav")
    assert sound.dtype == np.float32 and abs(len(sound) - 32_000) <= 1
    wanted = (tone(2, 440) + tone(2, 1000)) / 2
    np.testing.assert_allclose(sound[500:31_000], wanted[500:31_000], atol=2e-3)


def test_what_exceeds_full_scale_is_cut_off_not_wrapped(tmp_path) -> None:
    wave = np.array([0.0, 1.0, 1.5, -1.0, -1.5, 0.25], "f4")
    soundfile.write(tmp_path / "a.wav", wave, 16_000, subtype="FLOAT")
    (block,) = audio_stream.blocks([tmp_path / "a.wav"], clip_s=6 / 16_000)
    assert block.audio[0].tolist() == [0, 32_767, 32_767, -32_768, -32_768, 8_192]


def test_memory_is_that_of_a_block(tmp_path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(10, 440), 16_000)
    tracemalloc.start()
    n = sum(len(block.audio) for block in audio_stream.blocks([path] * 60, clip_s=10, n_clips=4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 60 and peak < 12e6  # all of it: 19 MB as int16, 38 MB as float32


def test_what_is_no_sound_is_refused(tmp_path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"this is no sound at all" * 100)
    (tmp_path / "b.mp3").write_bytes(b"")
    soundfile.write(tmp_path / "c.wav", np.zeros(0), 16_000)
    told = {"a.mp3": "can't be decoded|no sample", "b.mp3": "can't be decoded", "c.wav": "no sample", "d": "no such"}
    for name, match in told.items():
        with pytest.raises(HeschlError, match=f"{name}: ({match})"):
            list(audio_stream.blocks([tmp_path / name]))
