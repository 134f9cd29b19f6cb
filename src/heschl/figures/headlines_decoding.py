"""The numbers of encoding, decoding, the audit and the story that lead the report."""

import numpy as np
import xarray as xr

from heschl.figures.alignment_curves import SHOWN
from heschl.figures.methods_scoring import overlap
from heschl.figures.participants import CANARY, number, p_words

Headline = dict[str, str]
ROUTES = {"roi": "parcels", "voxel": "voxels"}


def of(found: xr.Dataset, split: str) -> list[Headline]:
    """Tell what a result says in numbers; nothing if it is none of these stages'.

    split : the one that is scored, of which the audit tells
    """
    if "id_acc" in found and "null" in found:
        return _identification(found)
    if "matching" in found:
        return _recovery(found)
    if "overlap" in found and "role" in found:
        return _audit(found, split)
    return _story(found) if "mean_r" in found and "null_t" in found else []


def line(value: str, label: str, note: str) -> Headline:
    """Make one number: the value, what it is, and what to know of it."""
    return {"value": value, "label": label, "note": note}


def _identification(found: xr.Dataset) -> list[Headline]:
    noise, lines = found["is_noise"].values.astype(bool), []
    for route in found["route"].values.astype(str):
        one = found.sel(route=route)
        what = f"{found.attrs['model']} by {ROUTES.get(route, route)}"
        if not noise.all():
            lines.append(_listeners(one, noise, what))
        lines += [_canary(one.isel(sub=k), what) for k in np.flatnonzero(noise)]
    return lines


def _listeners(one: xr.Dataset, noise: np.ndarray, what: str) -> Headline:
    """Mean over listeners, its interval, and what it is worth."""
    n, among = int((~noise).sum()), int(one.attrs["n_candidates"])
    low, high = one["ci"].values
    within = one["within_genre"].values[~noise]
    parts = [f"95 % CI {number(low, 3)} to {number(high, 3)}, {n} listener{'s' * (n > 1)}"]
    parts[0] += f", {among} candidates, split {_split(one)}"
    chance, oracle = float(one.attrs["chance"]), _baseline(one, "genre_oracle")
    parts.append(f"chance {number(chance, 1)}, who knows the genre only {number(oracle, 3)}")
    if np.isfinite(within).any():
        low, high = one["within_ci"].values
        parts.append(f"within genre {number(np.nanmean(within))} ({number(low)} to {number(high)})")
    parts.append(p_words(float(one["p_listeners"])))
    if str(one.attrs.get("rule", "")).startswith("as published"):
        parts.append("counts the clip itself (defect 7)")
    mean = number(np.nanmean(one["id_acc"].values[~noise]), 3)
    return line(mean, f"identification accuracy, {what}", "; ".join(parts))


def _canary(one: xr.Dataset, what: str) -> Headline:
    low, high = one["ci_sub"].values
    chance, value = float(one.attrs["chance"]), float(np.nanmean(one["id_acc"].values))
    good = "covers chance, as it must" if low <= chance <= high else "misses chance, as noise does in 5 % of scores"
    note = f"95 % CI {number(low)} to {number(high)} {good}; {p_words(float(one['p']))}, split {_split(one)}"
    return line(number(value, 3), f"{CANARY} sub-{one['sub'].item()}, {what}", note)


def _split(one: xr.Dataset) -> str:
    return str(one.attrs["split"]).replace("_", " ")


def _baseline(one: xr.Dataset, name: str) -> float:
    return float(one["baseline"].sel(name=name)) if name in one["name"].values else float("nan")


def _recovery(found: xr.Dataset) -> list[Headline]:
    noise, matching = found["is_noise"].values.astype(bool), found["matching"].values.astype(bool)
    ratio, inside = (found[name].values[~noise][:, matching] for name in ("ratio", "ratio_interior"))
    lines, n = [], int((~noise).sum())
    if np.isfinite(ratio).any():
        note = f"mean of {n} listeners and {matching.sum()} planted regions, each encoded by the model that drives it; "
        note += f"from {100 * np.nanmin(ratio):.0f} % to {100 * np.nanmax(ratio):.0f} %"
        note += f"; {100 * np.nanmean(inside):.0f} % inside the regions" if np.isfinite(inside).any() else ""
        lines.append(line(f"{100 * np.nanmean(ratio):.0f} %", "of the noise ceiling reached by encoding", note))
    for sub, p in zip(found["sub"].values[noise], found["min_p_fwe_all"].values[noise], strict=True):
        bound = 0.05 / len(p)
        verdict = "pure noise looks like noise, as it must" if p.min() > bound else "a false alarm"
        note = f"of any voxel and of {len(p)} models, not corrected for these; {verdict}"
        lines.append(line(p_words(p.min()), f"{CANARY} sub-{sub}, least family-wise p of encoding", note))
    return lines


def _audit(found: xr.Dataset, split: str) -> list[Headline]:
    if split not in found["split"].values:
        return []
    counts = {kind: overlap(found, split, kind) for kind in found["kind"].values.astype(str)}
    said = {kind: str(n) if known else "unknown" for kind, (n, known, _) in counts.items()}
    tested = int(found["n_test"].sel(split=split))
    note = "; ".join(f"{kind} {said[kind]}" for kind in said if kind not in ("artist", "fault"))
    label = f"test clips with an artist heard in training, split {split.replace('_', ' ')}"
    value = f"{said['artist']} of {tested}" if counts["artist"][1] else "unknown"
    return [line(value, label, f"shared besides: {note}")]


def _story(found: xr.Dataset) -> list[Headline]:
    names = found["region"].values.astype(str).tolist()
    region = "LPTL" if "LPTL" in names else names[int(found["mean_r"].values.argmax())]
    one, n, left = found.sel(region=region), found.sizes["subject"], len(found.attrs.get("refused", []))
    note = f"t({n - 1}) = {float(one['t']):.1f}, {p_words(float(one['p']))}, one-sided, {n} listeners"
    note += f" ({left} left out)" if left else ""
    note += f"; predictor shifted: t = {float(one['null_t']):.1f}"
    return [line(f"r = {number(float(one['mean_r']))}", f"sound power of the story in {region}", note)]


def across(results: dict[str, xr.Dataset]) -> list[Headline]:
    """Tell what several listeners' stores say together: alignment, and unique variance in noise.

    results : stores by file name; who is noise is told by the scores among them
    """
    noise: set[str] = set()
    for one in results.values():
        if "is_noise" in one and "sub" in one["is_noise"].dims:
            noise |= set(one["sub"].values.astype(str)[one["is_noise"].values.astype(bool)].tolist())
    stores = {kind: [r for n, r in results.items() if n.endswith(f"_{kind}.zarr")] for kind in ("aligned", "partition")}
    return _alignment(stores["aligned"], noise) + _unique(stores["partition"], noise)


def _alignment(stores: list[xr.Dataset], noise: set[str]) -> list[Headline]:
    """Identification with others' decoders at the largest k, without and with functional alignment."""
    told = {
        is_noise: [r for r in stores if (str(r.attrs["subject"]) in noise) is is_noise] for is_noise in (False, True)
    }
    if not told[False] or "anatomical" not in told[False][0]["method"].values:
        return []
    means = _means(told[False])
    anatomical = means.pop("anatomical")
    if not means:
        return []
    k, n = max(int(r["k"].max()) for r in stores), len(told[False])
    own = np.mean([float(r["within"]) for r in told[False]])
    parts = ["; ".join(f"{SHOWN.get(name, name)} {number(value, 3)}" for name, value in means.items())]
    parts.append(
        f"own decoder, same clips {number(own, 3)}; {n} listener{'s' * (n > 1)}, each left out, {k} clips align"
    )
    if told[True]:
        low, high = (f(_means(told[True]).values()) for f in (min, max))
        parts.append(f"{CANARY} {number(low)} to {number(high)} by method")
    leaks = any(r.attrs["mode"] == "as_published" for r in stores)
    parts += ["leaks: aligned on its own test clips (defect 5)"] if leaks else []
    label = "identification with others' decoders, without → with functional alignment (mean of methods)"
    value = f"{number(anatomical, 3)} → {number(np.mean([*means.values()]), 3)}"
    return [line(value, label, "; ".join(parts))]


def _means(stores: list[xr.Dataset]) -> dict[str, float]:
    """Mean id-acc over listeners by method, at the largest k."""
    methods = stores[0]["method"].values.astype(str).tolist()
    return {m: float(np.nanmean([r["id_acc"].sel({"method": m}).isel(k=-1) for r in stores])) for m in methods}


def _unique(stores: list[xr.Dataset], noise: set[str]) -> list[Headline]:
    """Share of voxels of pure noise in which a band's unique variance passes, beside that of the listeners."""
    shares = {str(r.attrs["subject"]): 100 * (r["q_unique"] <= 0.05).mean("voxel") for r in stores}
    people, lines = [share for sub, share in shares.items() if sub not in noise], []
    for one in stores:
        sub = str(one.attrs["subject"])
        if sub in noise:
            bands = one["band"].values.astype(str).tolist()
            said = [f"{_plain(b)} {float(shares[sub].sel(band=b)):.1f} %" for b in bands]
            note = f"{', '.join(said)} of {one.sizes['voxel']:,} voxels"
            if people:
                theirs = [f"{_plain(b)} {np.mean([s.sel(band=b) for s in people]):.0f} %" for b in bands]
                note += f"; in listeners {', '.join(theirs)}"
            verdict = (
                "pure noise looks like noise, as it must"
                if not shares[sub].any()
                else ("a false alarm: none should pass, so the listeners' shares may be as much too high")
            )
            note += f"; {verdict}"
            label = f"{CANARY} sub-{sub}, voxels with unique variance (q ≤ .05), most of any band"
            lines.append(line(f"{float(shares[sub].max()):.1f} %", label, note))
    return lines


def _plain(band: str) -> str:
    return band.replace("_", " ")
