"""The numbers of encoding, decoding, the audit and the story that lead the report."""

import numpy as np
import xarray as xr

from heschl.figures.methods_scoring import overlap

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
    parts = [f"95 % CI {low:.3f} to {high:.3f}, {n} listener{'s' * (n > 1)}, {among} candidates, split {_split(one)}"]
    parts.append(f"chance {float(one.attrs['chance']):g}, genre oracle {_baseline(one, 'genre_oracle'):.3f}")
    if np.isfinite(within).any():
        low, high = one["within_ci"].values
        parts.append(f"within genre {np.nanmean(within):.2f} ({low:.2f} to {high:.2f})")
    parts.append(f"p = {float(one['p_listeners']):.2g}")
    if str(one.attrs.get("rule", "")).startswith("as published"):
        parts.append("counts the clip itself (defect 7)")
    return line(f"{np.nanmean(one['id_acc'].values[~noise]):.3f}", f"identification accuracy, {what}", "; ".join(parts))


def _canary(one: xr.Dataset, what: str) -> Headline:
    low, high = one["ci_sub"].values
    chance, value = float(one.attrs["chance"]), float(np.nanmean(one["id_acc"].values))
    good = "covers chance, as it must" if low <= chance <= high else "misses chance, as noise does in 5 % of scores"
    note = f"95 % CI {low:.2f} to {high:.2f} {good}; p = {float(one['p']):.2g}, split {_split(one)}"
    return line(f"{value:.3f}", f"canary sub-{one['sub'].item()}, {what}", note)


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
        lines.append(line(f"p = {p.min():.2g}", f"canary sub-{sub}, least family-wise p of encoding", note))
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
    note = f"t({n - 1}) = {float(one['t']):.1f}, p = {float(one['p']):.2g}, one-sided, {n} listeners"
    note += f" ({left} left out)" if left else ""
    note += f"; predictor shifted: t = {float(one['null_t']):.1f}"
    return [line(f"r = {float(one['mean_r']):.2f}", f"sound power of the story in {region}", note)]
