"""Ridge regression of voxels on delayed features: fit in the training volumes of a split, predict its test volumes."""

from typing import NamedTuple

import numpy as np

from heschl.science import banded, delays, encoding, noise_ceiling
from heschl.science.delays import Rows
from heschl.science.ridge import leave_out_folds, ridge_cv

NULLS = ("permutation", "gaussian")


class Settings(NamedTuple):
    """delays_tr in volumes, ridge penalties, folds of training clips, ridge engine, components kept (None: all)."""

    delays_tr: list[int]
    alphas: list[float]
    n_folds: int
    engine: str = "fast"
    n_components: int | None = None
    seed: int = 0


class Model(NamedTuple):
    """What a split's model found.

    r (layer, voxel), on the test volumes; of the default layer r_cv and alpha (voxel,), and predicted (clip,
    position, voxel); actual (clip, position, voxel), repeats averaged, z-scored as the training volumes were.
    """

    r: np.ndarray
    r_cv: np.ndarray
    alpha: np.ndarray
    predicted: np.ndarray
    actual: np.ndarray


def fit(bold: np.ndarray, run: np.ndarray, rows: Rows, courses: list[np.ndarray], default: int, of: Settings) -> Model:
    """Fit a ridge model per layer, penalties by voxel, and correlate its predictions with the test volumes.

    Parameters
    ----------
    bold : array of shape (time, voxel)
    run : array of shape (time,)
    courses : features of each layer over time, (time, feature), NaN in silence
    default : index of the layer whose model is kept
    """
    train, scaled = delays.scaled_by(bold[rows.train].astype(np.float32))
    actual = scaled(delays.averaged(bold, rows.test))
    fold = leave_out_folds(rows.train_clip, of.n_folds, of.seed)
    scores, kept = [], None
    for i, course in enumerate(courses):
        x, x_test = design(course, run, rows, of)
        found = ridge_cv(x, train, of.alphas, fold, x_test, engine=of.engine, score="r")
        scores.append(encoding.correlate(found.predicted, actual.reshape(len(x_test), -1)))
        kept = found if i == default else kept
    return Model(np.stack(scores), kept.score, kept.alpha, kept.predicted.reshape(actual.shape), actual)


def design(course: np.ndarray, run: np.ndarray, rows: Rows, of: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return the delayed features of training volumes (row, column) and of test volumes, repeats averaged.

    They are centred within runs, as the responses are. This looks at what was played, not at the responses.
    """
    values = delays.standardised(course, rows.train, of.n_components)
    x = delays.run_centred(delays.delayed(values, run, of.delays_tr), run)
    return x[rows.train], delays.averaged(x, rows.test).reshape(-1, x.shape[1])


def repeats(bold: np.ndarray, rows: Rows) -> np.ndarray | None:
    """Return test volumes by repeat (repeat, row, voxel), None unless all clips have the same two or more."""
    if rows.test.shape[2] < 2 or (rows.test < 0).any():
        return None
    return np.stack([bold[index.ravel()] for index in np.moveaxis(rows.test, 2, 0)])


def evaluate(
    bold: np.ndarray,
    run: np.ndarray,
    rows: list[Rows],
    courses: list[np.ndarray],
    default: int,
    of: Settings,
    null: str,
    n_permutations: int,
) -> dict[str, np.ndarray]:
    """Fit every fold of a split and test the default layer.

    Parameters
    ----------
    rows : volumes of each fold; all else as in `fit`
    null : "permutation" of test clips as blocks, of the volumes that `tested` names; or the published "gaussian"

    Returns
    -------
    r (layer, voxel), mean Fisher z over folds; r_cv, alpha (geometric mean over folds), ceiling (of the one fold
    whose test clips were all heard as often, else NaN), r_normalised, p_uncorrected, p_fwe, q_fdr (voxel,);
    null_max (permutation,). r is of all test volumes; r_tested (voxel,), of the permutation null, is what p is of

    Raises
    ------
    ValueError
        If the null is unknown, or fewer than two volumes of a clip, or one clip, can be tested by permutation.
    """
    if null not in NULLS:
        raise ValueError(f"null: {null!r} given; wanted one of {', '.join(NULLS)}")
    by_music, seed = null == "permutation", [of.seed, 1]
    orders = encoding.block_permutations([len(r.test) for r in rows], n_permutations, seed) if by_music else []
    kept = [tested(run, r, of.delays_tr) for r in rows] if by_music else []
    models, observed, drawn = [], [], []
    for k, r in enumerate(rows):
        model = fit(bold, run, r, courses, default, of)
        if by_music:
            pair = model.predicted[:, kept[k]], model.actual[:, kept[k]]
            observed.append(encoding.correlate(*(v.reshape(-1, v.shape[2]) for v in pair)))
            drawn.append(encoding.block_null(*pair, orders[k]))
        models.append(model._replace(predicted=None, actual=None))  # large, and done with
    found = _averaged(models, default, repeats(bold, rows[0]) if len(rows) == 1 else None)
    if by_music:
        r_tested = encoding.mean_r(np.stack(observed))
        return found | {"r_tested": r_tested} | encoding.permutation_p(r_tested, encoding.mean_r(np.stack(drawn)))
    n_rows = [r.test[..., 0].size for r in rows]
    return found | encoding.gaussian_null(found["r"][default], n_rows, n_permutations, seed)


def tested(run: np.ndarray, rows: Rows, delays_tr: list[int]) -> np.ndarray:
    """Say which positions (position,) of the test clips a permutation of clips may test.

    The first max(delays_tr) volumes of a clip hold features of the clip before. Where that is a clip of the split
    too, its noise reaches into them as well, BOLD being autocorrelated: predictions and noise then belong together
    as no permutation would have it, and p is too small. So all clips are tested from position max(delays_tr)
    on, if one of them begins within reach of another row; if none does, delays.split_rows has left those positions
    out already, or silence or an unused clip precedes.

    Parameters
    ----------
    run : array of shape (time,)
    rows : volumes of a fold; delays_tr in volumes

    Raises
    ------
    ValueError
        If fewer than two positions are left.
    """
    reach, taken = max(delays_tr, default=0), np.zeros(len(run), bool)
    taken[rows.train] = taken[rows.test[rows.test >= 0]] = True
    first = rows.test[:, 0][rows.test[:, 0] >= 0]
    follows = any((taken[first - d] & (run[first - d] == run[first]) & (first >= d)).any() for d in range(1, reach + 1))
    kept = np.arange(rows.test.shape[1]) >= (reach if follows else 0)
    if kept.sum() < 2:
        given = f"{kept.sum()} of a test clip's {len(kept)} volumes lie beyond the longest delay, {reach} volumes"
        raise ValueError(f"{given}; wanted at least 2 to test it by permutation: give shorter delays_tr")
    return kept


def _averaged(models: list[Model], default: int, heard_again: np.ndarray | None) -> dict[str, np.ndarray]:
    """Average folds, and hold the default layer's r against its ceiling."""
    r = encoding.mean_r(np.stack([m.r for m in models]))
    ceiling = np.full(r.shape[1], np.nan) if heard_again is None else noise_ceiling.ceiling(heard_again)
    alpha = np.exp(np.mean([np.log(m.alpha) for m in models], 0))
    found = {"r": r, "r_cv": np.mean([m.r_cv for m in models], 0), "alpha": alpha, "ceiling": ceiling}
    return found | {"r_normalised": noise_ceiling.normalised(r[default], ceiling)}


def partition(
    bold: np.ndarray,
    run: np.ndarray,
    rows: Rows,
    courses: list[list[np.ndarray]],
    of: Settings,
    n_permutations: int,
    max_voxels: int,
    n_iter: int,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Partition the variance of the test volumes among bands of features, by banded ridge.

    The unique part of a band is what the squared error falls by when it joins: 2 <g, e> - <g, g> in units of the
    total, e the residual without the band and g what the band changes in the prediction. Its null lets the
    clips of e trade places under g, in the volumes that `tested` names. A band without gain has p = 1.

    Parameters
    ----------
    courses : of each band, the features over time (time, feature) of each of its models; all else as in `fit`
    max_voxels : keep those with the best cross-validated score of all bands together; 0 for all
    n_iter : weightings of the bands that are tried

    Returns
    -------
    kept (voxel,), rows of bold's voxels; r2_joint (voxel,), r2_alone, unique, p_unique, q_unique (band, voxel)
    """
    positions = tested(run, rows, of.delays_tr)
    designs = [[design(c, run, rows, of) for c in band] for band in courses]
    x, x_test = ([np.concatenate([d[part] for d in band], 1) for band in designs] for part in (0, 1))
    train, scaled = delays.scaled_by(bold[rows.train].astype(np.float32))
    fold, kept = leave_out_folds(rows.train_clip, of.n_folds, of.seed), np.arange(bold.shape[1])
    if 0 < max_voxels < len(kept):
        joint = ridge_cv(np.concatenate(x, 1), train, of.alphas, fold, engine=of.engine, score="r")
        kept = np.sort(np.argsort(-joint.score, kind="stable")[:max_voxels])
    actual = scaled(delays.averaged(bold, rows.test))[..., kept]
    flat = actual.reshape(-1, len(kept))
    options = {"seed": of.seed, "engine": of.engine, "n_iter": n_iter}
    found = banded.partition(x, train[:, kept], fold, of.alphas, x_test, flat, **options)
    p = _gain_p(found, actual, positions, n_permutations, [of.seed, 2])
    q = np.stack([encoding.q_values(row) for row in p])
    arrays = {"r2_joint": found.r2_joint, "r2_alone": found.r2_alone, "unique": found.unique}
    return kept, arrays | {"p_unique": p, "q_unique": q}


def _gain_p(found: banded.Partition, actual: np.ndarray, kept: np.ndarray, n: int, seed: list[int]) -> np.ndarray:
    """Return p (band, voxel) of each band's unique part in positions kept; actual is (clip, position, voxel)."""
    (orders,), out = encoding.block_permutations([len(actual)], n, seed), []
    for without, unique in zip(found.predicted_without, found.unique, strict=True):
        residual = (actual - without.reshape(actual.shape))[:, kept]
        gain = (found.predicted - without).reshape(actual.shape)[:, kept]
        observed = encoding.correlate(gain.reshape(-1, gain.shape[2]), residual.reshape(-1, gain.shape[2]))
        p = encoding.right_tail(observed, encoding.block_null(gain, residual, orders))
        out.append(np.where((unique > 0) & np.isfinite(p), p, 1.0))
    return np.stack(out)
