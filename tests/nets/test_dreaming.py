"""Dreams answer more than what they started from, the same on any number of threads, within bounds or without."""

import numpy as np
import pytest
import torch

from heschl.nets import dreaming, style_dreams
from heschl.nets.dreaming import Recipe
from heschl.nets.style_cnn import StyleCNN
from heschl.nets.style_front_ends import MelCNN

N = 1600
RNG = np.random.default_rng(0)
WAVES = np.stack([0.3 * np.sin(np.arange(N) / k) + 0.1 * RNG.normal(size=N) for k in (5, 13)])


@pytest.fixture(scope="module")
def net():
    return StyleCNN(N, 2, seed=1).eval()


def dreams(net, name="energy", layers=(3, 2, 1), **recipe):
    recipe = Recipe(**{"max_iterations": 5} | recipe)
    return style_dreams.of_clips(net, WAVES, WAVES[::-1], layers, name, 1, recipe)


@pytest.mark.parametrize("name", dreaming.OBJECTIVES)
def test_every_objective_rises_without_a_step_back(net, name):
    for row in dreams(net, name):
        for found in row:
            assert len(found.objective) > 2 and (np.diff(found.objective) >= 0).all(), found.stopped
            assert found.objective[-1] > found.objective[0] + 1e-3 * abs(found.objective[0])
            assert np.abs(found.wave).max() <= 1 and found.wave.shape == (N,) and found.seconds > 0


def test_the_log_is_of_the_waves_returned(net):
    for k, found in zip((3, 2, 1), dreams(net)[0], strict=True):
        before, after = dreaming.energies(net, np.stack([WAVES[0], found.wave]))[:, k - 1]
        assert found.objective[0] == pytest.approx(before, rel=1e-5)
        assert found.objective[-1] == pytest.approx(after, rel=1e-5)


def test_each_clip_and_layer_dreams_as_if_alone(net):
    together = dreams(net)
    for i, wave in enumerate(WAVES):
        for j, k in enumerate((3, 2, 1)):
            (alone,) = dreaming.dream(net, [dreaming.wish("energy", net, wave, layer=k)], Recipe(max_iterations=5))
            assert np.array_equal(alone.wave, together[i][j].wave)


def test_the_number_of_threads_changes_nothing(net):
    n, found = torch.get_num_threads(), {}
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found[threads] = dreams(net)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(n)
    for one, two in zip(found[1], found[2], strict=True):
        assert all(np.array_equal(a.wave, b.wave) for a, b in zip(one, two, strict=True))


def test_bursts_are_vertices_of_the_box(net):
    ((found,), _) = dreams(net, layers=(1,), max_iterations=20)
    assert (np.abs(found.wave) == 1).mean() > 0.8


def test_without_bounds_a_dream_leaves_full_scale(net):
    loud = StyleCNN(N, 2, seed=1).eval()
    with torch.no_grad():
        loud.norms[0].gamma.fill_(100.0)  # gradients as steep as those of a network that has learnt
    for one in (net, loud):
        for found in dreams(one, bounded=False)[0]:
            assert np.abs(found.wave).max() > 1 and np.isfinite(found.wave).all()
            assert len(found.objective) > 1 and (np.diff(found.objective) > 0).all()


def test_rms_shifts_and_priors_are_handed_on(net):
    plain, *others = (
        dreams(net, layers=(2,), optimiser="rms", rate=0.02, **more)[0][0]
        for more in ({}, {"max_shift": 9}, {"priors": {"spectral": 5.0}}, {"priors": {"total_variation": 1.0}})
    )
    step = dreams(net, layers=(2,), optimiser="rms", rate=0.02, max_iterations=1, bounded=False)[0][0].wave - WAVES[0]
    assert np.sqrt((step**2).mean()) == pytest.approx(0.02)
    assert all(not np.allclose(plain.wave, other.wave, atol=1e-4) for other in others)


def test_a_prior_of_weight_0_is_no_prior(net):
    plain, zero = (dreams(net, layers=(2,), priors=p)[0][0] for p in ({}, {"spectral": 0.0}))
    assert np.array_equal(plain.wave, zero.wave)


def test_inversion_starts_from_quiet_noise_of_its_own_for_each_clip_and_layer(net):
    found = dreams(net, "inversion", layers=(1, 2), max_iterations=40)
    assert np.corrcoef(found[0][0].wave, WAVES[0])[0, 1] > 0.98  # the first layer keeps nearly all
    wishes = [dreaming.wish("inversion", net, WAVES[0], seed=[s]) for s in (0, 1)]
    assert not np.array_equal(wishes[0].start, wishes[1].start)
    assert wishes[0].start.std() == pytest.approx(0.1 * np.sqrt((WAVES[0] ** 2).mean()), rel=0.1)


def test_a_logit_turns_a_clip_into_the_other_style(net):
    ((found,), _) = dreams(net, "logit", layers=(0,), max_iterations=20)
    before, after = dreaming.probabilities(net, np.stack([WAVES[0], found.wave]))[:, 1]
    assert after > 0.9 and after > before


def test_the_mel_front_end_can_be_dreamt_through():
    net = MelCNN(20_000, 2, seed=0).eval()
    wave = np.tile(WAVES[0], 13)[:20_000]
    ((found,),) = style_dreams.of_clips(net, wave[None], wave[None], [3], "energy", 0, Recipe(max_iterations=4))
    assert found.objective[-1] > found.objective[0] and (np.diff(found.objective) >= 0).all()


def test_transfer_gets_nearer_to_both_and_inverts(net):
    layered = {"content_layer": 3, "style_layers": [1, 2], "alpha": 1.0, "beta": 2.0, "inversion_layer": 1}
    found = style_dreams.transfer(net, *WAVES, Recipe(max_iterations=30), **layered)
    assert found.waves.shape == (4, N) and np.array_equal(found.waves[:2], WAVES)
    content, style, inverted = (found.losses[f"{name}_loss"] for name in ("content", "style", "inversion"))
    assert content[0] == 0 and style[1] == 0 and inverted[0] == 0 and inverted[3] < 0.01
    assert found.alpha * content[1] == pytest.approx(1) and found.beta * style[0] == pytest.approx(2)
    total = found.alpha * content + found.beta * style
    assert total[2] < 0.7 * min(total[0], total[1])
    assert -found.dreams[0].objective[-1] == pytest.approx(total[2], rel=1e-4)
    assert found.dreams[0].objective[0] < found.dreams[0].objective[-1]


def test_tables_pad_with_nan_and_compare_with_the_original(net):
    found = dreams(net, layers=(3, 1))
    found[1][0] = found[1][0]._replace(objective=found[1][0].objective[:3])
    table = style_dreams.climbs(found, 5)
    rises = table["objective"][1]
    assert rises.shape == (2, 2, 6) and np.isnan(rises[1, 0, 3:]).all() and np.isfinite(rises).sum() == 24 - 3
    sounds = np.stack([[w, *(d.wave for d in row)] for w, row in zip(WAVES, found, strict=True)])
    answers = style_dreams.answers(net, sounds)
    energy = answers["energy"][1]
    assert energy.shape == (2, 2, 3, 2)
    np.testing.assert_allclose(energy[1, :, :, 0], np.repeat(dreaming.energies(net, WAVES[1:]), 2, 0))
    np.testing.assert_allclose(energy[1, 0, :, 1], dreaming.energies(net, found[1][0].wave[None])[0])
    np.testing.assert_allclose(answers["probability"][1].sum(-1), 1)


@pytest.mark.parametrize(
    ("name", "recipe", "said"),
    [("joy", {}, "objective 'joy'"), ("energy", {"optimiser": "adam"}, "optimiser 'adam'"),
     ("energy", {"priors": {"pink": 1.0}}, "prior 'pink'")],
)  # fmt: skip
def test_unknown_names_are_refused(net, name, recipe, said):
    with pytest.raises(ValueError, match=said):
        dreams(net, name, **recipe)
