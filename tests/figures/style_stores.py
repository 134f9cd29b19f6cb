"""Made-up stores of style_dream, shaped as the steps write them: two styles, thirteen tracks, ninety-eight clips."""

import numpy as np

from .conftest import write

STYLES = ["downtempo", "metal"]
TRACKS = [("metal", f"track-{k}") for k in range(6)] + [("downtempo", f"slow-{k}") for k in range(7)]
RATE_HZ = 8000
KNOWN = {"track_grouped": 0.83, "contiguous": 0.95, "permuted": 0.5}


def of_clips(n_each=7):
    """Coordinates along clip: style, track, start_s."""
    styles, tracks = zip(*[pair for pair in TRACKS for _ in range(n_each)], strict=True)
    start = np.tile(30.0 + 5 * np.arange(n_each), len(TRACKS))
    return {"style": ("clip", list(styles)), "track": ("clip", list(tracks)), "start_s": ("clip", start)}


def folds(split, n_each=7, n_folds=5):
    if split == "contiguous":
        return np.concatenate([np.arange(n * n_each) * n_folds // (n * n_each) for n in (6, 7)])
    return np.repeat(np.arange(len(TRACKS)) % n_folds, n_each)


def scores(path, *, split="track_grouped", seed=0, n_epochs=20, front_end="raw", untested=0):
    """Scores of tell: hard and easy tracks, and a loss that falls."""
    rng, clips = np.random.default_rng([1, seed, list(KNOWN).index(split)]), of_clips()
    n, fold = len(clips["style"][1]), folds(split)
    easy = np.clip(np.random.default_rng(2).normal(KNOWN[split], 0.1, len(TRACKS)), 0, 1)
    right = (rng.random(n) < np.repeat(easy, 7)).astype(float)
    right[:untested] = np.nan
    truth = np.array([STYLES.index(s) for s in clips["style"][1]])
    answered = np.where(right > 0, truth, 1 - truth)
    epoch = np.arange(1, n_epochs + 1)
    loss = 0.7 * epoch ** -rng.uniform(1.2, 1.6, 5)[:, None] * rng.lognormal(0, 0.1, (5, n_epochs))
    share = np.where(np.arange(2) == answered[:, None], 0.8, 0.2)
    coords = clips | {"answer": STYLES, "epoch": epoch}
    arrays = {
        "right": ("clip", right),
        "answered": ("clip", answered),
        "probability": (("clip", "answer"), share),
        "fold": ("clip", fold),
        "loss": (("fold_", "epoch"), loss * (1.6 if split == "permuted" else 1)),
        "seconds": (("fold_", "epoch"), rng.uniform(0.4, 0.7, (5, n_epochs))),
    }
    leaks = int(sum(0 < (fold[k : k + 7] == f).sum() < 7 for k in range(0, n, 7) for f in range(5)))
    attrs = {"accuracy": float(np.nanmean(right)), "low": 0.7, "high": 0.9, "leaks": leaks, "split": split}
    attrs |= {"n_parameters": 2_503_514, "seed": seed, "styles": STYLES, "front_end": front_end, "n_folds": 5}
    attrs |= {"epochs": n_epochs, "batch": 16, "learning_rate": 0.01, "momentum": 0.9, "glorot": "sqrt6"}
    return write(path, attrs | {"bn_eval": "running", "bn_axes": [0, 2]}, coords, **arrays)


def sound(rng, seconds=5.0, rate_hz=RATE_HZ):
    """A melody with an envelope and a little noise."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    pitch = 220 * 2 ** (rng.integers(0, 12, 20) / 12)[(time * 4).astype(int) % 20]
    beat = np.exp(-5 * (time % 0.25)) * (0.4 + 0.6 * np.sin(2 * np.pi * time / 5) ** 2)
    wave = beat * sum(np.sin(2 * np.pi * k * pitch * time) / k for k in (1, 2, 3)) + 0.01 * rng.normal(size=time.size)
    return 0.9 * wave / np.abs(wave).max()


def dreams(path, *, n_clips=4, seconds=5.0, layers=(3, 2, 1), bounded=True, sign=1.0, n_iterations=20, energy=True):
    """What dream.audio writes; the objective starts at the clip and rises."""
    rng = np.random.default_rng(3)
    original = np.stack([sound(rng, seconds) for _ in range(n_clips)])
    noise, n = rng.normal(size=original.shape), original.shape[1]
    slow = np.abs(original) ** 0.3
    bursts = {1: np.sign(noise), 2: np.sign(noise) * (np.arange(n) % 500 < 40), 3: np.sign(original) * slow}
    waves = np.stack([original, *(bursts[k] for k in layers)], 1)
    climb = 3e3 ** ((np.arange(n_iterations + 1) / n_iterations) ** rng.uniform(0.2, 0.5, (n_clips, len(layers), 1)))
    start = rng.uniform(10, 30, (n_clips, len(layers), 1))
    objective = start * climb if sign > 0 else -start / climb
    objective[0, 0, n_iterations // 2 :] = np.nan  # stopped early
    coords = {"clip": [11 + 3 * k for k in range(n_clips)], "which": ["original", *(f"layer_{k}" for k in layers)]}
    coords |= {"layer": list(layers), "track": ("clip", [f"slow-{k}" for k in range(n_clips)]), "style": STYLES}
    share = rng.uniform(0.5, 1, (n_clips, 1 + len(layers)))
    arrays = {
        "wave": (("clip", "which", "sample"), 0.9 * waves.astype("f4")),
        "objective": (("clip", "layer", "iteration"), objective),
        "seconds": (("clip", "layer"), rng.uniform(1, 3, (n_clips, len(layers)))),
        "probability": (("clip", "which", "style"), np.stack([share, 1 - share], -1)),
    }
    if energy:
        before = np.broadcast_to(rng.uniform(10, 20, (n_clips, 1, 3)), (n_clips, len(layers), 3))
        grown = np.where(np.array(layers)[:, None] == [1, 2, 3], 1e3, 40)
        arrays["energy"] = (("clip", "layer", "layer_of", "when"), np.stack([before, before * grown], -1))
        coords |= {"layer_of": [1, 2, 3], "when": ["original", "dream"]}
    attrs = {"rate_hz": RATE_HZ, "optimiser": "lbfgsb", "bounded": int(bounded), "objective": "energy"}
    attrs |= {"from_style": "downtempo", "to_style": "metal", "max_iterations": n_iterations, "priors": {}}
    return write(path, attrs | {"stopped": ["its iterations"]}, coords, **arrays)


def styled(path, *, seconds=5.0, n_iterations=60, bare=False):
    """What dream.styled writes: a style that stays noise, a clip that comes back."""
    rng = np.random.default_rng(4)
    content, other = (sound(rng, seconds) for _ in range(2))
    noise = rng.normal(size=content.shape)
    waves = np.stack([content, other, 0.3 * noise + 0.02 * content, content + 0.02 * noise])
    waves *= 0.9 / np.abs(waves).max(1, keepdims=True)
    steps = np.arange(n_iterations + 1)
    loss = np.stack([1e7 * np.exp(-steps / 9) + 2e4, 1.0 / (1 + steps) ** 2])
    loss[1, n_iterations // 2 :] = np.nan
    arrays = {"wave": (("which", "sample"), waves.astype("f4")), "loss": (("made", "iteration"), loss)}
    coords = {"which": ["content", "style", "styled", "inverted"], "made": ["styled", "inverted"]}
    if not bare:
        coords["style"] = STYLES
        arrays["correlation"] = ("which", [np.corrcoef(content, w)[0, 1] for w in waves])
        arrays["probability"] = (("which", "style"), [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.85, 0.15]])
        arrays |= {n: ("which", rng.uniform(0, 1, 4)) for n in ("content_loss", "style_loss", "inversion_loss")}
    attrs = {"rate_hz": RATE_HZ, "tracks": ["slow-1", "track-4"], "inversion_layer": 1, "content_layer": 3}
    attrs |= {"style_layers": [1, 2, 3], "alpha": 1.0, "beta": 1e3, "bounded": 1, "max_iterations": n_iterations}
    return write(path, attrs | {"from_style": "downtempo", "to_style": "metal"}, coords, **arrays)


def brain(path, *, n_clips=2, seconds=3.0, n_iterations=15, rate_hz=16_000, stopped=True):
    """What imagine.brain writes: predicted responses that rise, and an encoding model with some skill."""
    rng = np.random.default_rng(5)
    original = np.stack([sound(rng, seconds, rate_hz) for _ in range(n_clips)])
    waves = np.stack([original, 0.6 * original + 0.05 * rng.normal(size=original.shape)], 1)
    rise = rng.normal(0, 0.5, (n_clips, 1)) + 3 * (1 - np.exp(-np.arange(n_iterations + 1) / rng.uniform(3, 6)))
    rise[0, -4:] = np.nan if stopped else rise[0, -4:]
    actual = rng.normal(size=60)
    last = [line[np.isfinite(line)][-1] for line in rise]
    arrays = {
        "wave": (("clip", "which", "sample"), waves.astype("f4")),
        "predicted": (("clip", "iteration"), rise),
        "predicted_heard": (("clip", "which"), np.stack([rise[:, 0], last], 1)),
        "train_predicted": ("train_window", rng.normal(0, 0.6, 200)),
        "test_predicted": ("test_window", 0.5 * actual + rng.normal(0, 0.4, 60)),
        "test_actual": ("test_window", actual),
        "r_voxel": ("voxel", rng.uniform(0.2, 0.5, 30)),
        "seconds": ("clip", rng.uniform(5, 8, n_clips)),
    }
    r = float(np.corrcoef(arrays["test_predicted"][1], actual)[0, 1])
    attrs = {"rate_hz": rate_hz, "model": "musicnn", "layer": "cnn3", "r_test": r, "r_cv": 0.41, "subject": "01"}
    attrs |= {"bounded": 1, "optimiser": "lbfgsb", "max_iterations": n_iterations, "lag_tr": 3, "split": "official"}
    coords = {"clip": [f"style/clip_{k}" for k in range(n_clips)], "which": ["original", "dream"]}
    return write(path, attrs, coords, **arrays)


def sounds(folder, names=("clip-01_original", "clip-01_layer-3", "clip-01_layer-1", "clip-02_original")):
    """Put empty WAVs in a folder."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.wav").write_bytes(b"RIFF")
    return folder
