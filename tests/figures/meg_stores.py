"""Made-up stores of neuroplasticity, shaped as the steps write them: seven subjects, one session trained on, others."""

from types import SimpleNamespace

import numpy as np
from sklearn.metrics import roc_auc_score

from .conftest import write

SUBJECTS = [f"{k:02d}" for k in range(1, 8)]
SESSIONS = ["after", "retest", "trained"]  # tested; "before" is trained on
FULL = ["published", "spatial_block", "run", "half", "noise", "permuted"]
PARTS = ["all", "run_1", "run_2", "half_1", "half_2"]
BASELINES = ["knn", "svm", "softmax", "clockwork"]
CONTROLS = ("modelled",)
RATE_HZ = 2083 / 8
KNOWN = {"train": 0.99, "validation": 0.93, "test": 0.92, "after": 0.31, "retest": 0.45, "trained": 0.78}


def evaluations(sessions=SESSIONS, controls=True):
    return [*KNOWN][:3] + [*sessions] + [f"{s}_{c}" for s in sessions for c in CONTROLS if controls]


def lattice(voxel_mm=18.0, radius_mm=70.0):
    """Integer places of a ball's lattice, its lower part cut off, around a middle 40 mm above the origin."""
    n = int(radius_mm // voxel_mm)
    index = np.stack(np.meshgrid(*[np.arange(-n, n + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    place = index * voxel_mm
    index = index[(np.linalg.norm(place, axis=1) <= radius_mm) & (place[:, 2] > -45)]
    return index + [0, 0, round(40 / voxel_mm)]


def series(rng, shape, n_time):
    """Positive power that goes with the beat, (*shape, time)."""
    phase = np.linspace(0, 3.0, n_time) / 0.8 * 2 * np.pi
    waves = np.stack([f(k * phase) for k in (1, 2, 3) for f in (np.sin, np.cos)])
    level = rng.lognormal(0.5, 0.3, shape)[..., None]
    return (level * (1 + 0.12 * rng.normal(size=(*shape, 6)) @ waves / 2).clip(0.2)).astype("f4")


def samples(path, *, voxel_mm=18.0, n_time=60, sessions=SESSIONS, subjects=SUBJECTS, left_out=()):
    rng, index = np.random.default_rng(0), lattice(voxel_mm)
    lead = (1 + len(sessions), len(subjects))
    power = np.stack([series(rng, (*lead, len(index)), n_time)] * len(PARTS), 2)
    arrays = {
        "power": (("session", "subject", "part", "voxel", "time"), power),
        "noise": (("session", "subject", "half", "voxel", "time"), np.ones((*lead, 2, len(index), n_time), "f4")),
        "n_epochs": (("session", "subject", "part"), np.full((*lead, len(PARTS)), 40)),
        "index": (("voxel", "axis"), index),
        "position": (("voxel", "axis"), index * voxel_mm),
    }
    coords = {"session": ["before", *sessions], "subject": list(subjects), "part": PARTS,
              "time": np.linspace(0, 3, n_time)}  # fmt: skip
    attrs = {"left_out": list(left_out), "voxel_mm": voxel_mm, "rate_hz": RATE_HZ, "measure": "power"}
    return write(path, attrs | {"head_model": "sphere"}, coords, **arrays)


def power(path, *, voxel_mm=18.0, n_time=60, sub="01", ses="before", refused="", n_epochs=12, measure="power"):
    rng, index = np.random.default_rng(1), lattice(voxel_mm)
    index = index[:0] if refused else index
    n_epochs = 0 if refused else n_epochs
    mean = series(rng, (len(index),), n_time)
    noisy = mean * rng.gamma(3, 1 / 3, (n_epochs, len(index), n_time))
    arrays = {
        "power": (("epoch", "voxel", "time"), noisy.astype("f4")),
        "noise": (("half", "voxel", "time"), np.ones((2, len(index), n_time), "f4")),
        "index": (("voxel", "axis"), index),
        "position": (("voxel", "axis"), index * voxel_mm),
    }
    coords = {"time": np.linspace(0, 3, n_time), "run": ("epoch", np.repeat(["run-1", "run-2"], n_epochs // 2)),
              "onset_s": ("epoch", 3.2 * np.arange(n_epochs))}  # fmt: skip
    attrs = {"sub": sub, "ses": ses, "voxel_mm": voxel_mm, "head_model": "sphere", "measure": measure,
             "refused": refused}  # fmt: skip
    if not refused:
        attrs |= {"rate_hz": RATE_HZ, "sfreq_hz": [2083.0, 2083.0], "n_channels": [151, 149], "rank": [151, 149]}
        attrs |= {"bads": ["MLC11", "MLC12"]}
    return write(path, attrs, coords, **arrays)


def components(path, *, sub="01", sessions=SESSIONS, n_time=60, n_epochs=10, n_components=10, refused=""):
    rng, names = np.random.default_rng([2, int(sub)]), ["before", *sessions]
    n_epochs, n_time = (0, 0) if refused else (n_epochs, n_time)
    if refused:
        values = np.zeros((len(names), 2, 0, n_components, 0), "f4")
    else:
        mean = series(rng, (len(names), 2, 1, n_components), n_time) - 1.6
        values = mean * np.geomspace(9, 1, n_components)[:, None] + rng.normal(
            0, 1, (len(names), 2, n_epochs, n_components, n_time)
        )
    arrays = {"series": (("session", "basis", "epoch", "component", "time"), values.astype("f4"))}
    if not refused:
        share = np.tile(np.geomspace(0.4, 0.01, n_components), (len(names), 1))
        arrays["explained"] = (("session", "component"), share)
    coords = {"session": names, "basis": ["own", "training"], "component": np.arange(1, n_components + 1),
              "time": np.linspace(0, 3, n_time) if n_time else np.zeros(0),
              "run": ("epoch", np.repeat("run-1", n_epochs).astype("U5"))}  # fmt: skip
    return write(path, {"sub": sub, "refused": refused, "rate_hz": RATE_HZ, "measure": "power"}, coords, **arrays)


def _accuracy(rng, names, splits, spread=0.02):
    """Accuracies (split, evaluation): canaries at chance, honest splits lower."""
    loss = {"spatial_block": 0.8, "run": 0.85, "half": 0.9, "epoch_block": 0.7}
    drift = [KNOWN.get(n.removesuffix("_modelled"), 0.5) + 0.1 * ("_" in n) for n in names]
    rows = [1 / 7 + 0 * np.array(drift) if s in ("noise", "permuted") else loss.get(s, 1) * np.array(drift)
            for s in splits]  # fmt: skip
    return np.clip(np.array(rows) + rng.normal(0, spread, (len(splits), len(names))), 0, 1)


def _confusion(rng, accuracy, n_each=100, n=7):
    """Counts (..., subject, answered) with about this accuracy (...)."""
    share = np.full((*accuracy.shape, n, n), 0.0) + ((1 - accuracy) / (n - 1))[..., None, None]
    share[..., np.arange(n), np.arange(n)] = accuracy[..., None]
    return rng.multinomial(n_each, share)


def full(path, *, seed=0, sessions=SESSIONS, splits=FULL, baselines=True, nan=False):
    rng, names = np.random.default_rng([3, seed]), evaluations(sessions)
    accuracy = _accuracy(rng, names, splits)
    accuracy[0, 1] = np.nan if nan else accuracy[0, 1]
    confusion = _confusion(rng, np.nan_to_num(accuracy))
    confusion[0, 1] *= not nan
    arrays = {
        "accuracy": (("split", "evaluation"), accuracy),
        "count": (("split", "evaluation"), confusion.sum((-1, -2))),
        "confusion": (("split", "evaluation", "subject", "answered"), confusion),
        "loss": (("split", "phase", "epoch"), rng.uniform(0.2, 2, (len(splits), 2, 10))),
    }
    base = np.clip(_accuracy(rng, names, ["run"]) - 0.1 * np.arange(4)[:, None], 0.1, 1) if baselines else np.nan
    base = np.broadcast_to(base, (4, len(names)))
    arrays["baseline_accuracy"] = (("classifier", "evaluation"), base)
    coords = {"split": list(splits), "evaluation": names, "subject": SUBJECTS, "answered": SUBJECTS}
    coords |= {"phase": ["train", "validation"], "classifier": BASELINES}
    return write(path, {"network": "a", "n_parameters": 1_076_328, "width": 1.0, "seed": seed}, coords, **arrays)


def heads(voxel_mm=18.0, n_clusters=40, size=25):
    """Clusters, their centres and the share of each that is planted."""
    position = lattice(voxel_mm) * voxel_mm
    rng = np.random.default_rng(4)
    first = position[rng.permutation(len(position))[:n_clusters]]
    distance = np.linalg.norm(position[None] - first[:, None], axis=2)
    member = np.argsort(distance, 1, kind="stable")[:, :size]
    region = np.array([[45, 0, 55], [-40, -25, 70]])
    inside = (np.linalg.norm(position[:, None] - region, axis=2) < 28).any(1)
    return SimpleNamespace(member=member, centre=first.astype(float), planted=inside[member].mean(1), size=size)


def clusters(path, *, seed=0, sessions=SESSIONS, voxel_mm=18.0, n_clusters=40, splits=("published", "run")):
    rng, names, at = np.random.default_rng([5, seed]), evaluations(sessions), heads(voxel_mm, n_clusters)
    accuracy = np.stack([_accuracy(rng, names, splits, 0.06) for _ in range(n_clusters)], 1)
    for k, name in enumerate(names):
        if name in ("after", "trained"):
            accuracy[:, :, k] *= 1 - 0.5 * at.planted
    confusion = _confusion(rng, accuracy, 12)
    decay = np.exp(-np.arange(10) / rng.uniform(2, 5, (len(splits), n_clusters, 2, 1)))
    loss = 0.15 + 1.8 * decay + rng.uniform(0, 0.2, decay.shape)
    arrays = {
        "accuracy": (("split", "cluster", "evaluation"), accuracy),
        "probability": (("split", "cluster", "evaluation", "subject"), np.repeat(accuracy[..., None], 7, -1)),
        "confusion": (("split", "cluster", "evaluation", "subject", "answered"), confusion),
        "loss": (("split", "cluster", "phase", "epoch"), loss),
        "member": (("cluster", "member"), at.member),
        "centre": (("cluster", "axis"), at.centre),
    }
    coords = {"split": list(splits), "evaluation": names, "subject": SUBJECTS, "phase": ["train", "validation"]}
    return write(path, {"network": "a", "seed": seed}, coords, **arrays)


def component_scores(path, *, seed=0, sessions=SESSIONS, splits=("published", "epoch_block")):
    rng, names = np.random.default_rng([6, seed]), evaluations(sessions, controls=False)
    accuracy = 0.8 * _accuracy(rng, names, splits)
    epoch = np.arange(1, 16)
    loss = np.stack([[1.9 * np.exp(-epoch / 5), 1.7 - 0.05 * epoch + 0.006 * epoch**2]] * len(splits))
    arrays = {
        "accuracy": (("split", "evaluation"), accuracy),
        "confusion": (("split", "evaluation", "subject", "answered"), _confusion(rng, accuracy)),
        "loss": (("split", "phase", "epoch"), loss + rng.normal(0, 0.05, loss.shape)),
    }
    coords = {"split": list(splits), "evaluation": names, "subject": SUBJECTS, "phase": ["train", "validation"]}
    return write(path, {"network": "b", "seed": seed}, coords, **arrays)


def summary(path, *, sessions=SESSIONS, truth=True, voxel_mm=18.0, n_clusters=40, one_seed=False, nan=False):
    """What classify.summary writes; splits of all experiments together, NaN where an experiment has none of them."""
    rng, names, at = np.random.default_rng(7), evaluations(sessions), heads(voxel_mm, n_clusters)
    splits, n = [*FULL, "epoch_block"], len(sessions)
    has = {"full": FULL, "clusters": ["published", "run"], "components": ["published", "epoch_block"]}
    accuracy = np.full((3, len(splits), len(names)), np.nan)
    for k, of in enumerate(has.values()):
        rows = [splits.index(s) for s in of]
        accuracy[k, rows] = (0.7 if k == 2 else 1) * _accuracy(rng, names, of)
    accuracy[2, :, [k for k, e in enumerate(names) if e.endswith(CONTROLS)]] = np.nan
    accuracy[0, 0, 1] = np.nan if nan else accuracy[0, 0, 1]
    half = 0.0 if one_seed else 0.03
    by_cluster = np.full((len(splits), len(names), n_clusters), np.nan)
    by_cluster[0] = by_cluster[2] = np.clip(
        accuracy[1, 0][:, None] + rng.normal(0, 0.08, (len(names), n_clusters)), 0, 1
    )
    rest = rng.normal(0.02, 0.05, (n, n_clusters, 7))
    changed = np.array([s != "retest" for s in sessions])
    rest += 0.4 * changed[:, None, None] * at.planted[:, None]
    rest[:, 0] *= np.nan if nan else 1
    drop = np.stack([[0.6, 0.45, 0.15], [0.47, 0.46, 0.01], [0.14, 0.01, 0.13]])[:n]
    p = np.where(rest.mean(2) > 0.2, 1 / 128, 0.6)
    drop = np.column_stack([drop, drop[:, 2] + 0.01])
    pattern = rng.normal(0, 0.05, (n, n_clusters)) + 0.3 * changed[:, None] * at.planted
    planted = at.planted if truth else np.full(n_clusters, np.nan)
    kept = (at.planted >= 0.5) | (at.planted < 0.1)
    scores = [[-by_cluster[0, names.index(s)], (r - np.median(r, 0)).mean(1), c]
              for s, r, c in zip(sessions, rest, pattern, strict=True)]  # fmt: skip
    auc = [[roc_auc_score(at.planted[kept] >= 0.5, v[kept]) if truth else np.nan for v in of] for of in scores]
    arrays = {
        "accuracy": (("experiment", "split", "evaluation"), accuracy),
        "accuracy_ci": (
            ("experiment", "split", "evaluation", "bound"),
            np.stack([accuracy - half, accuracy + half], -1),
        ),
        "cluster_accuracy": (("split", "evaluation", "cluster"), by_cluster),
        "rest": (("session", "cluster", "subject"), rest),
        "rest_p_fwer": (("session", "cluster"), p),
        "changed": (("session", "cluster"), p < 0.05),
        "verdict": ("session", ["drift and plasticity", "drift", "plasticity"][:n]),
        "pattern_change": (("session", "cluster"), pattern),
        "planted": ("cluster", planted),
        "auc": (("session", "statistic"), auc),
        "drop": (("session", "part"), drop),
        "drop_ci": (("session", "part", "bound"), np.stack([drop - 0.04, drop + 0.04], -1)),
        "member": (("cluster", "member"), at.member),
        "centre": (("cluster", "axis"), at.centre),
    }
    arrays |= {n: (("split", "evaluation", "cluster"), np.where(by_cluster > 0.4, 0.01, 0.5))
               for n in ("cluster_p", "cluster_p_fwer", "cluster_q")}  # fmt: skip
    coords = {"experiment": list(has), "split": splits, "evaluation": names, "session": list(sessions),
              "subject": SUBJECTS, "statistic": ["accuracy", "rest", "pattern"],
              "part": ["total", "drift", "rest", "left"]}  # fmt: skip
    return write(path, {"left_out": []}, coords, **arrays)


def fit(path, *, n_time=300, n_iterations=400, kept=(1, 40, 400)):
    rng, time = np.random.default_rng(8), np.arange(n_time) / RATE_HZ
    target = np.sin(2 * np.pi * 1.25 * time) * 0.6 + rng.normal(0, 0.08, n_time)
    target /= np.abs(target).max()
    output = np.stack([target * min(1, 0.3 * np.log10(k + 1)) for k in kept])
    loss = 0.3 / np.sqrt(np.arange(1, n_iterations + 1))
    arrays = {"target": ("time", target), "output": (("kept", "time"), output), "loss": ("iteration", loss)}
    attrs = {"sub": "03", "periods": [1, 2, 4, 8, 16, 32, 64]}
    return write(path, attrs, {"time": time, "kept": list(kept)}, **arrays)
