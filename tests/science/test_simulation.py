import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates, spline_filter
from scipy.stats import gamma

from heschl.science import hrf, motion, rdm, scanner, statistics
from heschl.science import simulation as sim
from heschl.science.searchlight import searchlight

POINT = st.tuples(st.floats(-80, 80), st.floats(-110, 80), st.floats(-70, 90)).map(np.array)


def line_points(n=400):
    """Points along the right STG line, front to back."""
    spans = np.linalg.norm(np.diff(sim.STG_MM, axis=0), axis=1)
    at, knots = np.linspace(0, spans.sum(), n), np.r_[0, spans.cumsum()]
    return np.stack([np.interp(at, knots, sim.STG_MM[:, axis]) for axis in range(3)], -1)


@given(POINT, st.sampled_from(sim.GRADIENTS))
def test_hemispheres_mirror_each_other_and_layers_stay_near_the_line(point, gradient):
    layer = sim.planted_layer(point, gradient)
    assert layer == sim.planted_layer(point * [-1, 1, 1], gradient)
    distance, _ = sim.along_line(point * [np.sign(point[0]) or 1, 1, 1], sim.STG_MM)
    assert (layer > 0) == (distance <= sim.RADIUS_MM)
    assert 0 <= layer <= 10


def test_monotone_rises_from_polare_to_temporale_in_equal_steps():
    layer = sim.planted_layer(line_points())
    assert layer[0] == 1 and layer[-1] == 10 and np.all(np.diff(layer) >= 0)
    assert np.bincount(layer)[1:].min() >= 38


def test_high_low_high_is_high_at_both_ends_and_half_in_the_middle():
    layer = sim.planted_layer(line_points(), "high_low_high")
    assert layer[0] == layer[-1] == 10 and layer.min() == 6 and layer[200] == 6
    assert np.all(np.diff(layer[:200]) <= 0) and np.all(np.diff(layer[200:]) >= 0)


def test_an_unknown_gradient_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"^gradient: 'up' given; wanted one of monotone, high_low_high$"):
        sim.planted_layer(np.zeros(3), "up")


@given(st.integers(1, 3), st.floats(-0.5, 1.5), st.booleans(), st.integers(2, 40))
def test_regions_hold_the_interpolated_published_layers(region, position, is_left, n_layers):
    depth = np.interp(position, [0, 0.5, 1], sim.STG_LAYERS[region - 1]) - (not is_left)
    expected = min(max(round(depth * n_layers / 10), 1), n_layers)
    found = sim.planted_in_regions(np.array(region), np.array(position), np.array(is_left), n_layers)
    near_half = abs(depth * n_layers / 10 % 1 - 0.5) < 1e-9
    assert found == expected or near_half and abs(int(found) - expected) == 1
    assert sim.planted_in_regions(np.array(0), np.array(position), np.array(is_left), n_layers) == 0


def test_regions_are_high_low_high_and_deeper_on_the_left():
    position = np.linspace(0, 1, 101)
    layer = {
        (region, is_left): sim.planted_in_regions(np.full(101, region), position, np.full(101, is_left))
        for region in (1, 2, 3)
        for is_left in (True, False)
    }
    for region, (least, most) in {1: (7, 10), 2: (5, 7), 3: (9, 10)}.items():
        both = np.stack([layer[region, True], layer[region, False]])
        assert (both.min(), both.max()) == (least, most) and np.all(both[0] - both[1] == 1)
        assert np.abs(np.diff(both)).max() <= 1
    polare, heschl = layer[1, True], layer[2, True]
    assert np.all(np.diff(polare) <= 0) and polare[0] == 10 and polare[-1] == 8
    assert np.array_equal(heschl, heschl[::-1]) and heschl[50] < heschl[0]


STEP_S, TRIAL_S, CLIP_S = 0.25, 16.5, 15.0


def clip_blind(n_voxels, n_clips, seed):
    rng = np.random.default_rng(seed)
    return sim.clip_blind_response(n_voxels, n_clips, round(CLIP_S / STEP_S), STEP_S, TRIAL_S, rng)


def test_clip_blind_voxels_answer_every_clip_alike_each_in_its_own_way():
    response = clip_blind(20, 4, 0)
    assert response.shape == (20, 4, round((CLIP_S + 32) / STEP_S)) and response.dtype == np.float32
    assert np.all(response == response[:, :1]) and np.all(response[:, 0].std(1) > 0)
    assert np.abs(np.corrcoef(response[:, 0]) - np.eye(20)).max() < 0.99
    length, train = round(TRIAL_S / STEP_S), np.zeros((20, 900))
    for trial in range(8):  # by plain adding: the eighth trial has all tails of those before it
        here = slice(trial * length, trial * length + response.shape[2])
        train[:, here] += response[:, 0]
    assert np.allclose(train[:, 7 * length : 8 * length].std(1), 1, atol=1e-4)


def test_clip_blind_response_is_slow_as_the_haemodynamic_response_is():
    course, n_bins = clip_blind(600, 1, 1)[:, 0].astype(float), round(CLIP_S / STEP_S)
    time_s = (np.arange(round(32 / STEP_S)) + 0.5) * STEP_S
    kernel = gamma.pdf(time_s, 6) - gamma.pdf(time_s, 16) / 6
    mean = np.abs(np.fft.rfft(np.ones(n_bins), 512)) ** 2 / n_bins  # of the drive, taken off it
    expected = np.abs(np.fft.rfft(kernel, 512)) ** 2 * (n_bins - mean)
    found = (np.abs(np.fft.rfft(course, 512)) ** 2).mean(0)
    assert np.corrcoef(found, expected)[0, 1] > 0.98


def test_clip_blind_voxels_share_lags_with_layers_until_the_mean_at_each_lag_is_removed():
    """Seven listeners' spheres that know no clip, against layers half of whose course any clip evokes."""
    n_clips, lags = 12, np.arange(6.75, 15, 1.5)
    clip, lag_s = np.repeat(np.arange(n_clips), len(lags)), np.tile(lags, n_clips)
    rng, permutations = np.random.default_rng(3), rdm.clip_permutations(clip, lag_s, 99, 0)
    heard_at, shape = np.rint(lags / STEP_S).astype(int), (3, n_clips, 30, round(CLIP_S / STEP_S))
    drive = rng.standard_normal(shape) + rng.standard_normal((3, 1, *shape[2:]))
    layers = np.moveaxis(hrf.convolve(drive, STEP_S)[..., heard_at], 2, 3).reshape(3, len(clip), 30)
    rho, null = {False: [], True: []}, []
    for seed in range(7):
        heard = np.moveaxis(clip_blind(40, n_clips, seed)[..., heard_at], 0, 2).reshape(len(clip), 40)
        heard = heard + np.random.default_rng([seed, 1]).normal(0, 0.5, heard.shape)
        for honest in rho:
            centred = [rdm.without_lag_mean(v, lag_s) if honest else v for v in (heard, *layers)]
            models = np.stack([rdm.spearman_rdm(v) for v in centred[1:]])
            options = {"pairs": rdm.pair_mask(clip, "between_clip" if honest else "all"), "permutations": permutations}
            found = searchlight(centred[0], models, np.arange(40)[None], **options)
            rho[honest].append(found.rho[0].max())
            null += [found.null_max] if honest else []
    _, p = statistics.t_above_zero(np.array(rho[False]))
    test = statistics.permutation_test(np.array([np.mean(rho[True])]), np.mean(null, 0))
    assert p < 1e-4 and np.min(rho[False]) > 0.1
    assert test.p_fwe[0] > 0.05 and np.mean(rho[True]) < np.mean(rho[False]) / 4


@given(st.lists(st.floats(-0.2, 0.2), min_size=6, max_size=6))
def test_motion_is_what_the_estimator_means_by_it(values):
    parameters, centre = np.array([values, values[::-1]]), np.array([3.0, -20.0, 11.0])
    assert np.allclose(sim.rigid(parameters, centre), motion.matrices(parameters, centre))
    assert np.allclose(motion.parameters(sim.rigid(parameters, centre), centre), parameters, atol=1e-9)


@given(st.integers(0, 99), st.integers(2, 60), st.floats(0, 3))
@settings(max_examples=30)
def test_motion_starts_at_zero_and_stays_in_bounds(seed, n, reach):
    walk = sim.random_motion(np.random.default_rng(seed), n, reach)
    assert walk.shape == (n, 6) and np.all(walk[0] == 0)
    assert np.linalg.norm(walk[:, :3], axis=1).max() <= reach + 1e-9
    assert np.linalg.norm(walk[:, 3:], axis=1).max() <= np.deg2rad(0.8 * reach) + 1e-9


@given(st.integers(1, 20))
def test_each_clip_is_once_in_each_place(n):
    square = sim.latin_square(n)
    for lines in (square, square.T):
        assert np.array_equal(np.sort(lines, axis=1), np.tile(np.arange(n), (n, 1)))
    if n % 2 == 0:
        pairs = np.stack([square[:, :-1].ravel(), square[:, 1:].ravel()])
        assert len(np.unique(pairs, axis=1).T) == n * (n - 1)


def test_heads_differ_by_a_few_millimetres_and_never_fold():
    points = np.random.default_rng(1).uniform(-70, 70, (4000, 3))
    shifts = []
    for seed in range(6):
        head = sim.random_anatomy(np.random.default_rng(seed))
        warp = head.to_mni(points) - sim.move(head.affine, points)
        shifts.append(np.sqrt((warp**2).sum(1).mean()))
        step = np.stack([head.to_mni(points + e) - head.to_mni(points) for e in np.eye(3)], -1)
        assert np.linalg.det(step).min() > 0.4
        assert np.linalg.norm(head.to_mni(head.from_mni(points)) - points, axis=1).max() < 12
    assert 1.5 < np.mean(shifts) < 3.5


def test_units_that_never_vary_are_dead():
    activity = np.random.default_rng(0).normal(5, 2, (4, 10, 3))
    activity[:, :, 1] = 7
    z, alive = sim.zscore_units(activity)
    assert alive.tolist() == [True, False, True]
    assert np.allclose(z[..., alive].std((0, 1)), 1) and np.allclose(z.mean((0, 1)), 0)


@given(st.integers(1, 60), st.floats(0.3, 3))
def test_slices_are_interleaved_and_share_the_tr(n, tr_s):
    times = scanner.slice_times(n, tr_s)
    assert np.allclose(np.sort(times), np.arange(n) * tr_s / n)
    assert np.all(np.diff(times[::2]) > 0) and (n < 2 or times[1] > times[::2].max())


def acquire(tissue, source, response, near, pull):
    out = np.empty(near.shape, np.float32)
    scanner.acquire(spline_filter(tissue, output=np.float32), source, response, near, pull, out)
    return out


def test_a_moved_head_is_the_spline_interpolated_head():
    rng, pad = np.random.default_rng(0), 3
    tissue = rng.uniform(0, 1000, (16, 15, 14)).astype(np.float32)
    nothing, nowhere = np.full(tissue.shape, -1, np.int32), np.zeros((10, 9, 8), bool)
    pull = sim.rigid(np.array([0.4, -0.7, 0.3, 0.01, 0.02, -0.01]), np.array([5.0, 5, 5]))[:3]
    pull[:, 3] += pad
    position = np.moveaxis(
        np.stack(np.meshgrid(*map(np.arange, nowhere.shape), indexing="ij"), -1) @ pull[:, :3].T, -1, 0
    )
    expected = map_coordinates(tissue, position + pull[:, 3, None, None, None], order=3)
    out = acquire(tissue, nothing, np.zeros((0, 8), np.float32), nowhere, pull)
    assert np.allclose(out, expected, atol=0.05)


def test_activity_is_taken_at_the_time_of_the_acquired_slice():
    pad, near = 3, np.ones((4, 4, 4), bool)
    tissue = np.zeros((10, 10, 10), np.float32)
    source = np.full(tissue.shape, -1, np.int32)
    source[5, 5, 5] = 0  # slice 2 of the head at rest
    response = np.array([[10.0, 20.0, 30.0, 40.0]], np.float32)
    still = np.c_[np.eye(3), [pad] * 3].astype(float)
    assert acquire(tissue, source, response, near, still)[2, 2].tolist() == [0, 0, 30, 0]
    up = still.copy()
    up[2, 3] -= 1  # the head moved up by one slice
    assert acquire(tissue, source, response, near, up)[2, 2].tolist() == [0, 0, 0, 40]


def test_noise_has_the_size_and_memory_asked_for():
    shape, n = (14, 14, 12), 300
    level = scanner.NoiseLevel(0, 1, 0.35, 0, 0, 0, 0, 0)
    times = scanner.slice_times(12, 1.5)
    noise = scanner.Noise(np.random.default_rng(0), np.full(shape, 1000.0), np.zeros(shape), n, 1.5, times, level)
    series = np.stack([noise.volume(t) for t in range(n)])
    assert series.std() == pytest.approx(10, rel=0.03)
    assert np.mean(series[1:] * series[:-1]) / series.var() == pytest.approx(0.35, abs=0.02)


def test_breathing_follows_the_time_of_each_slice():
    shape, n, tr_s = (6, 6, 10), 200, 0.5
    level = scanner.NoiseLevel(0, 0, 0, 0, 1, 1, 0, 0)
    times = scanner.slice_times(10, tr_s)
    noise = scanner.Noise(np.random.default_rng(3), np.full(shape, 1000.0), np.zeros(shape), n, tr_s, times, level)
    series = np.stack([noise.volume(t) for t in range(n)])
    power = np.abs(np.fft.rfft(series, axis=0)).mean((1, 2, 3))
    assert abs(np.fft.rfftfreq(n, tr_s)[power.argmax()] - 0.25) < 0.04
