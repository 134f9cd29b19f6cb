"""The same sound twice, against a comparison of all pairs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science.duplicates import repeated


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 12))
def test_agrees_with_a_comparison_of_all_pairs(seed, n):
    sounds = np.random.default_rng(seed).integers(-1, 2, (n, 3)).astype(np.float32) * np.float32(-0.25)
    expected = []
    for again in range(n):
        equal = [first for first in range(again) if np.array_equal(sounds[first], sounds[again])]
        expected += [(equal[0], again)] if equal else []
    assert repeated(sounds) == expected


def test_one_bit_makes_another_sound_and_the_sign_of_nothing_does_not():
    sound = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    other = sound.copy()
    other[500] = np.nextafter(other[500], np.float32(9))
    assert repeated(np.stack([sound, other])) == []
    nothing = np.zeros((2, 4), np.float32)
    nothing[1] *= -1
    assert repeated(nothing) == [(0, 1)]
    assert repeated(np.stack([sound, other, sound])[:, ::2]) == [(0, 2)]
