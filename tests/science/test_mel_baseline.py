"""The baseline is scikit-learn's ridge with penalties that plain loops would choose; it can't rank noise."""

import librosa
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from heschl.science import mel_baseline
from heschl.science.splits import TEST, grouped_folds
from heschl.science.tagging import macro, roc_auc


def made(n_songs: int = 60, n_features: int = 12, seed: int = 0, signal: float = 1.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    song = np.repeat(np.arange(n_songs), 3)
    x = rng.standard_normal((len(song), n_features)) * rng.uniform(0.1, 9, n_features) + 5
    z = (x - x.mean(0)) / x.std(0)
    present = signal * z[:, :4] + rng.standard_normal((len(song), 4)) > 0.4
    return x, present, song


def test_features_are_librosas() -> None:
    sound = np.random.default_rng(0).standard_normal(16_000).astype("f4") * np.linspace(0, 0.5, 16_000, dtype="f4")
    mel = librosa.feature.melspectrogram(y=sound, sr=16_000, n_fft=512, hop_length=256, n_mels=96)
    log_mel = np.log10(1 + 1e4 * mel)
    wanted = np.concatenate([log_mel.mean(1), log_mel.std(1)])
    found = mel_baseline.features(sound, 16_000)
    assert found.shape == (192,) and found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    assert not mel_baseline.features(np.zeros(16_000), 16_000).any()


def test_weights_and_scores_are_scikit_learns() -> None:
    x, present, song = made()
    found = mel_baseline.fit(x[:120], present[:120], song[:120])
    scaler = StandardScaler().fit(x[:120])
    for tag in range(4):
        ridge = Ridge(alpha=found.penalty[tag]).fit(scaler.transform(x[:120]), present[:120, tag].astype(float))
        np.testing.assert_allclose(found.weight[:, tag], ridge.coef_, rtol=1e-6, atol=1e-9)
        wanted = ridge.predict(scaler.transform(x[120:]))
        np.testing.assert_allclose(mel_baseline.score(found, x[120:])[:, tag], wanted, rtol=1e-6, atol=1e-9)


def test_penalties_are_those_of_plain_loops_over_songs_held_out() -> None:
    x, present, song = made(signal=0.5)
    grid = (1.0, 30.0, 1000.0)
    found = mel_baseline.fit(x, present, song, penalties=grid, n_folds=4, seed=3)
    held = grouped_folds(song, np.zeros(len(song)), 4, 3) == TEST
    wanted = np.zeros((3, 4))
    for fold in held:
        assert not {*song[fold]} & {*song[~fold]}
        scaler = StandardScaler().fit(x[~fold])
        for i, penalty in enumerate(sorted(grid, reverse=True)):
            for tag in range(4):
                ridge = Ridge(alpha=penalty).fit(scaler.transform(x[~fold]), present[~fold, tag].astype(float))
                predicted = ridge.predict(scaler.transform(x[fold]))
                wanted[i, tag] += roc_auc_score(present[fold, tag], predicted) / 4
    np.testing.assert_allclose(found.cv_auc, wanted, atol=1e-9)
    np.testing.assert_array_equal(found.penalty, np.sort(grid)[::-1][wanted.argmax(0)])


def test_held_out_clips_are_ranked_and_noise_is_not() -> None:
    x, present, song = made(200, seed=1)
    train = song < 120
    found = mel_baseline.fit(x[train], present[train], song[train])
    assert roc_auc(present[~train], mel_baseline.score(found, x[~train])).min() > 0.7
    noise = np.random.default_rng(2).standard_normal((600, 30))
    tags, songs = np.random.default_rng(3).random((200, 20))[np.repeat(np.arange(200), 3)] < 0.3, np.arange(600) // 3
    canary = mel_baseline.fit(noise[:360], tags[:360], songs[:360])
    assert abs(macro(roc_auc(tags[360:], mel_baseline.score(canary, noise[360:]))) - 0.5) < 0.03


def test_songs_that_are_alike_do_not_choose_the_penalty() -> None:
    """Each song is known by its own features: only folds that split songs would take the smallest penalty."""
    rng = np.random.default_rng(4)
    song = np.repeat(np.arange(40), 5)
    x = rng.standard_normal((40, 60))[song] + 0.01 * rng.standard_normal((200, 60))
    present = (rng.random((40, 8)) < 0.5)[song]
    by_song = mel_baseline.fit(x, present, song)
    by_clip = mel_baseline.fit(x, present, np.arange(200))
    assert np.nanmax(by_song.cv_auc, 0).mean() < 0.65 and np.nanmax(by_clip.cv_auc, 0).mean() > 0.9


def test_a_tag_that_none_has_gets_no_weight() -> None:
    x, present, song = made()
    present[:, 1] = False
    x[:, 0] = 7.0
    found = mel_baseline.fit(x, present, song)
    assert not found.weight[:, 1].any() and found.penalty[1] == max(mel_baseline.PENALTIES)
    assert np.isnan(found.cv_auc[:, 1]).all() and np.isfinite(mel_baseline.score(found, x)).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"group": np.arange(5)}, "180 clips, tags of 180, groups of 5"),
        ({"features": np.full((180, 2), np.nan)}, "NaN or infinite"),
        ({"penalties": (0.0, 1.0)}, "wanted numbers above 0"),
        ({"group": np.zeros(180)}, "5 folds of 1 groups"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, told) -> None:
    x, present, song = made()
    given = {"features": x, "present": present, "group": song} | change
    with pytest.raises(ValueError, match=told):
        mel_baseline.fit(**given)
