"""All seeds together: accuracies with intervals, tests of every cluster, and drift against plasticity by session.

Drift is judged in the split "run" where it has scores (another run of the training session against a first run of the
other session, at voxels that no network was trained on), else in the first of FALLBACK that has.
"""

import numpy as np
import xarray as xr

from heschl.science import beat_delay, head_clusters, plasticity, subject_controls
from heschl.science.subject_samples import Recording, delays, measured

FALLBACK = ("run", "half", "published")
BLOCK_VOXELS = 8  # voxels of a block that a resample draws or leaves as one
PARTS = ["total", "drift", "rest", "left"]
STATISTICS = ["accuracy", "rest", "pattern"]
Regions = tuple[np.ndarray, float]


def gather(
    stores: dict[str, list[xr.Dataset]],
    recording: Recording,
    regions: Regions | None,
    control: str,
    drift_order: int,
    n_bootstraps: int,
    seed: int,
) -> xr.Dataset:
    """Summarise an experiment's seeds.

    Parameters
    ----------
    stores : scores by experiment ("full", "clusters", "components"), one dataset per seed
    regions : centres (region, 3) and radius of planted balls in mm, None if not known
    control : name of the test session without training, or ""

    Returns
    -------
    accuracy (experiment, split, evaluation), accuracy_ci (..., bound); cluster_accuracy, cluster_p, cluster_p_fwer,
    cluster_q (split, evaluation, cluster); rest (session, cluster, subject); pattern_change, rest_p_fwer,
    pattern_p_fwer, rest_control_p_fwer, pattern_control_p_fwer, changed (session, cluster); planted (cluster); auc
    (session, statistic); drop (session, part), drop_ci; even_drop, even_drop_p, beyond_control, beyond_control_p,
    verdict (session); gain, delay (session, subject), the delay in samples; member, centre. In `part`, "left" is what
    is lost with the measured drift undone.

    Raises
    ------
    ValueError
        If seeds differ in what they scored.
    """
    for name, found in stores.items():
        _refuse_unlike(name, found)
    tests = recording.sessions[1:]
    arrays = _accuracies(stores, recording.position, n_bootstraps, seed)
    judged = {f"judged_{name}": _judged(found, tests) for name, found in stores.items() if name != "components"}
    arrays = arrays.assign_attrs(judged)
    if "full" in stores and "undone_voxel_right" in stores["full"][0]:
        arrays = arrays.merge(_drops(stores["full"], recording.position, tests, n_bootstraps, seed))
    if "clusters" in stores:
        found, taken = stores["clusters"], _taken(arrays, len(recording.power[0]), len(tests))
        whole = _clusters(found, seed).reindex(split=arrays["split"].values, evaluation=arrays["evaluation"].values)
        arrays = arrays.merge(whole).merge(_verdicts(found, recording, control, taken))
        arrays = arrays.merge(_recovered(arrays, found[0], recording, regions))
    gain = [np.median(measured(recording, k, drift_order)[0], 1) for k in range(1, len(recording.sessions))]
    arrays["gain"] = (("session", "subject"), np.reshape(gain, (len(tests), -1)))
    arrays["delay"] = (("session", "subject"), np.stack([delays(recording, k + 1) for k in range(len(tests))]))
    seeds = [int(one.attrs["seed"]) for one in next(iter(stores.values()))]
    subjects = next(iter(stores.values()))[0]["subject"].values.astype(str)
    arrays = arrays.assign_coords(session=tests, bound=["low", "high"], subject=subjects)
    return arrays.assign_attrs(judged | {"seeds": seeds})


def known_mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis of what isn't NaN; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis)
    total = np.where(known, values, 0).sum(axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _refuse_unlike(name: str, found: list[xr.Dataset]) -> None:
    for one in found[1:]:
        for axis in ("split", "evaluation", "subject"):
            if one[axis].values.tolist() != found[0][axis].values.tolist():
                raise ValueError(f"{name}: another {axis} in seed {one.attrs['seed']} than in {found[0].attrs['seed']}")
        if "member" in one and not np.array_equal(one["member"].values, found[0]["member"].values):
            raise ValueError(f"{name}: other clusters in seed {one.attrs['seed']} than in {found[0].attrs['seed']}")


def _stacked(found: list[xr.Dataset], name: str) -> np.ndarray:
    return np.stack([one[name].values.astype(float) for one in found])


def _accuracies(stores: dict[str, list[xr.Dataset]], position: np.ndarray, n: int, seed: int) -> xr.Dataset:
    """Mean over seeds (and clusters) of each split and evaluation; NaN where an experiment lacks it."""
    each = {name: _experiment(name, found, position, n, seed) for name, found in stores.items()}
    splits = list(dict.fromkeys(str(s) for one in each.values() for s in one["split"].values))
    order = list(dict.fromkeys(str(e) for one in each.values() for e in one["evaluation"].values))
    whole = [one.reindex(split=splits, evaluation=order) for one in each.values()]
    return xr.concat(whole, "experiment").assign_coords(experiment=list(each))


def _experiment(name: str, found: list[xr.Dataset], position: np.ndarray, n: int, seed: int) -> xr.Dataset:
    if name == "clusters":
        answers = np.moveaxis(
            _stacked(found, "confusion"), 2, 4
        )  # (seed, split, evaluation, subject, cluster, answered)
        own, asked = np.einsum("...scs->...sc", answers), answers.sum(-1)
        right = np.divide(own, asked, out=np.full(own.shape, np.nan), where=asked > 0)
        accuracy = known_mean(_stacked(found, "accuracy"), 2)
    else:
        right = _stacked(found, {"full": "voxel_right", "components": "component_right"}[name])
        accuracy = _stacked(found, "accuracy")
    unit = _units(position) if name == "full" else np.arange(right.shape[-1])
    ci = [[plasticity.interval(right[:, s, e], unit, n, seed) for e in range(right.shape[2])]
          for s in range(right.shape[1])]  # fmt: skip
    dims = ("split", "evaluation")
    arrays = {"accuracy": (dims, known_mean(accuracy, 0)), "accuracy_ci": ((*dims, "bound"), np.array(ci))}
    return xr.Dataset(arrays, {d: found[0][d].values.astype(str) for d in dims})


def _units(position: np.ndarray) -> np.ndarray:
    return head_clusters.blocks(position, max(2, len(position) // BLOCK_VOXELS), 0)


def _judged(found: list[xr.Dataset], tests: list[str]) -> str:
    """Name the split in which drift is judged."""
    accuracy = found[0]["accuracy"]
    names = [str(s) for s in accuracy["split"].values]
    known = accuracy.sel(evaluation=["test", *tests]).notnull().all([d for d in accuracy.dims if d != "split"])
    return next((s for s in FALLBACK if s in names and bool(known.sel(split=s))), names[0])


def _drops(found: list[xr.Dataset], position: np.ndarray, tests: list[str], n: int, seed: int) -> xr.Dataset:
    """Split the drop of accuracy over the full head into what the measured drift brings, and the rest."""
    split = _judged(found, tests)
    at = [one.sel(split=split) for one in found]

    def right(name: str, prefix: str = "", axis: str = "evaluation") -> np.ndarray:
        return np.stack([one[f"{prefix}voxel_right"].sel({axis: name}).values for one in at])

    unit, drop, ci = _units(position), np.empty((len(tests), len(PARTS))), np.empty((len(tests), len(PARTS), 2))
    for k, session in enumerate(tests):
        before, after = right("test"), right(session)
        drift = right(f"{session}_modelled")
        undone = [right(f"{session}_{c}", "undone_", "undone") for c in ("matched", "corrected")]
        pairs = ((before, after), (before, drift), (drift, after), undone)
        for p, (high, low) in enumerate(pairs):
            drop[k, p] = known_mean(high.ravel(), 0) - known_mean(low.ravel(), 0)
            ci[k, p] = plasticity.interval(high - low, unit, n, seed)
    arrays = {"drop": (("session", "part"), drop), "drop_ci": (("session", "part", "bound"), ci)}
    return xr.Dataset(arrays, {"part": PARTS})


def _clusters(found: list[xr.Dataset], seed: int) -> xr.Dataset:
    """Mean accuracy of each cluster, tested against exact relabellings of whole subjects."""
    accuracy = np.moveaxis(known_mean(_stacked(found, "accuracy"), 0), 1, 2)
    confusion = np.moveaxis(_stacked(found, "confusion").sum(0), 1, 2)
    tested = [[subject_controls.permutation_test(e, seed) for e in split] for split in confusion]
    p = np.array(tested)  # (split, evaluation, 2, cluster)
    q = np.apply_along_axis(subject_controls.q_values, 2, p[:, :, 0])
    dims = ("split", "evaluation", "cluster")
    arrays = {"cluster_accuracy": accuracy, "cluster_p": p[:, :, 0], "cluster_p_fwer": p[:, :, 1], "cluster_q": q}
    coords = {d: found[0][d].values.astype(str) for d in dims[:2]}
    one = xr.Dataset({name: (dims, values) for name, values in arrays.items()}, coords)
    return one.assign(member=found[0]["member"], centre=found[0]["centre"])


def _taken(arrays: xr.Dataset, n_subjects: int, n_tests: int) -> np.ndarray:
    """Return the share, (session,), of what the full head's accuracy could lose that measured drift alone takes."""
    if "drop" not in arrays:
        return np.zeros(n_tests)
    at = {"experiment": "full", "split": arrays.attrs["judged_full"], "evaluation": "test"}
    known = arrays["accuracy"].sel(at).item() - 1 / n_subjects
    return arrays["drop"].sel(part="drift").values / known if known >= plasticity.LEAST_KNOWN else np.zeros(n_tests)


def _verdicts(found: list[xr.Dataset], recording: Recording, control: str, taken: np.ndarray) -> xr.Dataset:
    """Test the local change of each session's clusters and say what the drop is."""
    tests = recording.sessions[1:]
    split = _judged(found, tests)
    scored, undone = (
        xr.DataArray(known_mean(_stacked(found, name), 0), found[0][name].coords, found[0][name].dims).sel(split=split)
        for name in ("probability", "undone_probability")
    )
    runs, member = (recording.parts.index(name) for name in ("run_1", "run_2")), found[0]["member"].values
    first, second = runs
    before = (recording.power[0, :, first], recording.power[0, :, second])
    lost = {}
    for k, session in enumerate(tests, 1):
        after = beat_delay.shifted(recording.power[k, :, first], -delays(recording, k), recording.beat)
        alike = plasticity.pattern_change(before, after, member)
        lost[session] = plasticity.Lost(*_lost(scored, undone, session), *alike)
    against = {session: lost[control] if control and session != control else None for session in tests}
    said = [plasticity.verdict(lost[s], against[s], float(share)) for s, share in zip(tests, taken, strict=True)]
    by_session = {"even_drop": "even", "even_drop_p": "even_p", "beyond_control": "beyond"}
    by_session |= {"beyond_control_p": "beyond_p", "verdict": "name"}
    by_cluster = {"changed": [v.found for v in said]}
    for name in ("rest", "pattern"):
        by_cluster[f"{name}_p_fwer"] = [getattr(v, name).p_fwer for v in said]
        by_cluster[f"{name}_control_p_fwer"] = [getattr(v, name).control_p_fwer for v in said]
    by_cluster["pattern_change"] = [known_mean(lost[session].pattern, 1) for session in tests]
    arrays = {name: (("session", "cluster"), np.stack(values)) for name, values in by_cluster.items()}
    arrays |= {name: ("session", np.array([getattr(v, at) for v in said])) for name, at in by_session.items()}
    arrays["rest"] = (("session", "cluster", "subject"), np.stack([lost[session].rest for session in tests]))
    return xr.Dataset(arrays, {"subject": found[0]["subject"].values.astype(str)})


def _lost(scored: xr.DataArray, undone: xr.DataArray, session: str) -> tuple[np.ndarray, ...]:
    """Return the true subject's probability, and what is lost in all, by drift, and beyond it; (cluster, subject)."""
    test = scored.sel(evaluation="test").values
    total, drift = (test - scored.sel(evaluation=name).values for name in (session, f"{session}_modelled"))
    matched, corrected = (undone.sel(undone=f"{session}_{c}").values for c in ("matched", "corrected"))
    return test, total, drift, matched - corrected


def _recovered(arrays: xr.Dataset, clusters: xr.Dataset, recording: Recording, regions: Regions | None) -> xr.Dataset:
    """Say how well planted clusters are told from untouched ones by each statistic."""
    member, tests = clusters["member"].values, recording.sessions[1:]
    planted = np.full(len(member), np.nan)
    if regions:
        planted = head_clusters.planted_share(recording.position, member, *regions)
    split = "published" if "published" in arrays["split"].values else str(arrays["split"].values[0])
    low = 1 - arrays["cluster_accuracy"].sel(split=split, evaluation=tests).values
    rest = [known_mean(plasticity.local(r), 1) for r in arrays["rest"].values]
    bounds = (head_clusters.CHANGED, head_clusters.UNTOUCHED)
    measures = zip(low, rest, arrays["pattern_change"].values, strict=True)
    areas = [[plasticity.area(planted, statistic, *bounds) for statistic in of] for of in measures]
    found = {"planted": ("cluster", planted), "auc": (("session", "statistic"), np.array(areas))}
    return xr.Dataset(found, {"statistic": STATISTICS})
