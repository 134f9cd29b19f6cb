"""Leave-one-subject-out decoding: what is planted is found, noise is not, and nothing leaks unless asked to."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science import alignment, cross_subject
from heschl.science.cross_subject import Listener, Roles
from heschl.science.identification import correlate, id_acc

N_TRAINING, N_TEST, N_VOLUMES, N_VOXELS, N_LATENTS = 64, 16, 10, 60, 12
ALPHAS, N_FOLDS = [1.0, 10.0, 100.0, 1000.0, 10000.0], 5
FUNCTIONAL = alignment.METHODS[1:]
GENRE = np.arange(N_TRAINING) % 8


@cache
def listeners(mixing, seed, left_out="listens"):
    """Four subjects' responses to clips of random latents, the embedding (clip, feature) and parcels (voxel,).

    mixing: "none" (all share one), "orthogonal", "permutation" or "independent"; the last subject "listens", is
    "noise", or hears "other" latents, which the embedding holds and nobody else responds to.
    """
    rng, parcel = np.random.default_rng([11, seed]), np.repeat([0, 1], N_VOXELS // 2)
    n = N_TRAINING + N_TEST
    latent = rng.standard_normal((2, n, N_LATENTS))  # the second: other
    volume = latent[:, :, None] + 0.7 * rng.standard_normal((2, n, N_VOLUMES, N_LATENTS))
    features = np.hstack(latent if left_out == "other" else latent[:1])
    embedding = features @ rng.standard_normal((features.shape[1], 24)) + 0.3 * rng.standard_normal((n, 24))
    shared = rng.standard_normal((2, N_LATENTS, N_VOXELS // 2)) / np.sqrt(N_LATENTS)
    people = []
    for s in range(4):
        weights = np.hstack([_mixed(part, mixing, rng) for part in shared])
        signal = volume[int(s == 3 and left_out == "other")] @ weights * (s < 3 or left_out != "noise")
        bold = 0.7 * signal + rng.standard_normal(signal.shape)
        bold[N_TRAINING:] += 0.5 * (0.7 * signal - bold)[N_TRAINING:]  # four repeats have half the noise
        bold[10, 7:] = np.nan  # the end of a run
        people.append(Listener(bold[:N_TRAINING].astype("f4"), bold[N_TRAINING:].astype("f4")))
    return people, embedding, parcel


def _mixed(weights, mixing, rng):
    if mixing == "orthogonal":
        return weights @ np.linalg.qr(rng.standard_normal((weights.shape[1],) * 2))[0]
    if mixing == "permutation":
        return weights[:, rng.permutation(weights.shape[1])]
    fresh = rng.standard_normal(weights.shape) / np.sqrt(N_LATENTS)
    return fresh if mixing == "independent" else weights


def run(people, embedding, parcel, method, k=32, mode="corrected"):
    parts = cross_subject.roles(GENRE, [32], N_FOLDS, 0, mode)
    parts = parts._replace(alignment=parts.alignment[:k]) if mode == "corrected" else parts
    target = cross_subject.standardised(embedding, parts.decoder)
    options = {"method": method, "alphas": ALPHAS, "n_folds": N_FOLDS, "seed": 0, "mode": mode}
    predicted = cross_subject.predict_left_out(people[:3], people[3], parcel, target[:N_TRAINING], parts, **options)
    return predicted, target[N_TRAINING:]


def score(*arguments, **options):
    predicted, target = run(*arguments, **options)
    return id_acc(correlate(predicted, target), np.arange(N_TEST)).mean()


def mean_score(mixing, method, left_out="listens", seeds=3, **options):
    return np.mean([score(*listeners(mixing, seed, left_out), method, **options) for seed in range(seeds)])


def within(mixing, seeds=3):
    scores = []
    for seed in range(seeds):
        people, embedding, _ = listeners(mixing, seed)
        clips = cross_subject.roles(GENRE, [32], N_FOLDS, 0, "corrected").decoder
        target = cross_subject.standardised(embedding, clips)
        found = cross_subject.predict_within(people[3], target[:N_TRAINING], clips, ALPHAS, N_FOLDS, 0)
        scores.append(id_acc(correlate(found, target[N_TRAINING:]), np.arange(N_TEST)).mean())
    return np.mean(scores)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 999), st.lists(st.integers(2, 40), min_size=1, max_size=3), st.integers(2, 5))
def test_roles_are_disjoint_and_hold_the_genres_about_equally(seed, n_clips, n_folds):
    genre = np.random.default_rng(seed).permutation(np.repeat(["a", "b", "c", "d"], 12))
    parts = cross_subject.roles(genre, n_clips, n_folds, seed, "corrected")
    assert sorted([*parts.alignment, *parts.decoder]) == list(range(48))
    assert len(parts.alignment) == max(n_clips)
    for k in n_clips:
        counts = np.unique(genre[parts.alignment[:k]], return_counts=True)[1]
        assert counts.max() - k / 4 < 2 and counts.min() > k / 4 - 2
    again = cross_subject.roles(genre, n_clips, n_folds, seed, "corrected")
    np.testing.assert_array_equal(parts.alignment, again.alignment)


def test_the_decoder_keeps_its_clips_whatever_k():
    """480 alignment clips of 480 leave the decoder nothing: refused, not shared."""
    with pytest.raises(ValueError, match="leave 0 of 480 training clips"):
        cross_subject.roles(np.zeros(480), [50, 100, 200, 480], 5, 0, "corrected")
    with pytest.raises(ValueError, match="k of 2 or more"):
        cross_subject.roles(np.zeros(480), [1, 50], 5, 0, "corrected")
    with pytest.raises(ValueError, match="mode 'fast'"):
        cross_subject.roles(np.zeros(480), [50], 5, 0, "fast")
    published = cross_subject.roles(np.zeros(480), [480], 5, 0, "as_published")
    np.testing.assert_array_equal(published.alignment, published.decoder)


def test_alignment_gives_back_what_mixing_took():
    """Mixed voxels at the same place say nothing; aligned, they decode as well as if never mixed."""
    unmixed = mean_score("none", "anatomical")
    assert unmixed > 0.9
    for mixing in ("orthogonal", "permutation"):
        own = within(mixing)
        assert abs(mean_score(mixing, "anatomical") - 0.5) < 0.2
        for method in ("ridge", "procrustes", "srm"):
            found = mean_score(mixing, method)
            assert found > unmixed - 0.1, (mixing, method, found)
            assert found > own - 0.1, (mixing, method, found, own)
        assert mean_score(mixing, "ot") > 0.75  # it moves voxels but can't rotate them
    assert mean_score("independent", "srm") > unmixed - 0.1


def test_more_clips_align_better():
    few, many = (mean_score("orthogonal", "ridge", k=k) for k in (4, 32))
    assert many > few + 0.05


@pytest.mark.parametrize("mode", cross_subject.MODES)
@pytest.mark.parametrize("method", alignment.METHODS)
def test_noise_scores_chance(method, mode):
    """Either way: the leak of defect 5 is of training data, and noise has nothing in it to leak to test clips."""
    found = mean_score("orthogonal", method, "noise", seeds=5, mode=mode)
    assert abs(found - 0.5) < 3.3 * 0.3 / np.sqrt(5 * N_TEST)  # id-acc of one clip is uniform: SD .29


def test_as_published_scores_well_without_anything_shared():
    """Defect 5: who hears other things than the rest can't be decoded across subjects, but passes as if."""
    for method in ("anatomical", "procrustes"):
        assert abs(mean_score("independent", method, "other") - 0.5) < 0.14
        assert mean_score("independent", method, "other", mode="as_published") > 0.75


@pytest.mark.parametrize("method", alignment.METHODS)
def test_own_decoder_clips_count_only_as_published(method):
    people, embedding, parcel = listeners("orthogonal", 0)
    parts = cross_subject.roles(GENRE, [32], N_FOLDS, 0, "corrected")
    training = people[3].training.copy()
    training[parts.decoder] = training[parts.decoder[::-1]] * 3 + 1
    changed = [*people[:3], people[3]._replace(training=training)]
    for mode, same in (("corrected", True), ("as_published", False)):
        before, after = (run(p, embedding, parcel, method, mode=mode)[0] for p in (people, changed))
        assert np.array_equal(before, after) == same


@pytest.mark.parametrize("method", alignment.METHODS)
def test_test_clips_know_of_each_other_only_as_published(method):
    """Another clip's response changes a prediction only where the test set is rescaled by itself."""
    people, embedding, parcel = listeners("orthogonal", 0)
    test = people[3].test.copy()
    test[1:] = test[:0:-1] * 4 + 2
    changed = [*people[:3], people[3]._replace(test=test)]
    for mode, same in (("corrected", True), ("as_published", False)):
        before, after = (run(p, embedding, parcel, method, mode=mode)[0][0] for p in (people, changed))
        assert np.allclose(before, after, atol=1e-5) == same


def test_permuted_test_clips_permute_predictions_and_nothing_else():
    people, embedding, parcel = listeners("orthogonal", 1)
    order = np.random.default_rng(0).permutation(N_TEST)
    changed = [*people[:3], people[3]._replace(test=people[3].test[order])]
    for method in alignment.METHODS:
        before, after = (run(p, embedding, parcel, method)[0] for p in (people, changed))
        np.testing.assert_allclose(after, before[order], atol=1e-5)


def test_scaling_uses_the_given_clips_and_spares_constant_voxels():
    rng = np.random.default_rng(0)
    person = Listener(rng.standard_normal((8, 10, 3)) * 5 + 2, rng.standard_normal((4, 10, 3)))
    person.training[:, :, 1], person.test[:, :, 1] = 3, 3
    found = cross_subject.scaled(person, np.arange(4))
    rows = found.training[:4].reshape(-1, 3)
    np.testing.assert_allclose(rows.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(rows.std(0), [1, 0, 1])
    assert abs(found.training[4:].std() - 1) > 1e-3
    assert not found.test[:, :, 1].any()


def test_rows_are_those_that_all_have_and_an_empty_clip_is_refused():
    person, other = (Listener(np.ones((3, 4, 2)), np.ones((1, 4, 2))) for _ in range(2))
    other.training[1, 3:], person.training[2, 1] = np.nan, np.nan
    rows, clip = cross_subject.alignment_rows([person, other], np.array([2, 1]))
    np.testing.assert_array_equal(clip, [0, 0, 0, 1, 1, 1])
    assert [r.shape for r in rows] == [(6, 2)] * 2
    other.training[0] = np.nan
    with pytest.raises(ValueError, match="no volume"):
        cross_subject.clip_means(other.training)


def test_targets_are_standardised_by_the_decoders_clips():
    target = np.array([[1.0, 5, 0], [3, 5, 1], [9, 6, 2]])
    found = cross_subject.standardised(target, np.array([0, 1]))
    np.testing.assert_allclose(found, [[-1, 0, -1], [1, 0, 1], [7, 0, 3]])
    assert Roles._fields == ("alignment", "decoder")
