"""LCMV beamformer (Van Veen et al. 1997) on a lattice in the head: head model, forward solution, spatial filter.

Everything is in head coordinates: x right, y front, z up; mm outside MNE's objects, m inside them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np
from mne.io.constants import FIFF
from mne.transforms import apply_trans, invert_transform
from scipy.spatial import cKDTree

from heschl.errors import HeschlError
from heschl.science.head_lattice import lattice

MARGIN_MM = 5.0  # voxels keep this far from the inner skull
HOLE_MM = 20.0  # around the centre of a sphere, where dipoles have hardly a field
FLOOR_MM = 0.0  # of the sphere: below the ears it isn't brain, and the helmet ends
INNER_SKULL = 0.9  # of the radius of the head, MNE's default
DEFAULT_SPHERE = (90.0, np.array([0.0, 0.0, 40.0]))  # mm, MNE's default
SCALP_MM = 10.0  # median distance of digitised head points from the outer skin; a good fit has 2 to 5
LEAST_RANK = 20
SCALE = {"mag": 1e15, "grad": 1e13}  # MNE's, which makes both kinds of sensors alike


@dataclass(frozen=True)
class Head:
    """Volume conductor, and places where sources may lie.

    model : sphere or boundary elements
    trans : MRI to head coordinates; None: they are one (sphere)
    index : (voxel, 3), in units of voxel_mm
    """

    model: mne.bem.ConductorModel
    trans: mne.transforms.Transform | None
    index: np.ndarray
    voxel_mm: float


def sphere(info: mne.Info, voxel_mm: float) -> Head:
    """Fit a sphere to the digitised head points and fill its brain; without points it is MNE's default sphere."""
    radius_mm, centre_mm = DEFAULT_SPHERE
    with mne.use_log_level("error"):
        try:
            radius_mm, centre_mm, _ = mne.bem.fit_sphere_to_headshape(info, units="mm")
        except (ValueError, RuntimeError):
            print("too few head points to fit a sphere: a head of 90 mm is taken", file=sys.stderr)
        if not 60 <= radius_mm <= 120:
            given = f"the head points fit a sphere of {radius_mm:.0f} mm"
            raise HeschlError("head points", given, "wanted 60 to 120 mm", "Check their units, in m in FIF")
        model = mne.make_sphere_model(r0=centre_mm / 1e3, head_radius=radius_mm / 1e3)
    places = lattice(centre_mm, INNER_SKULL * radius_mm - MARGIN_MM, voxel_mm, HOLE_MM, FLOOR_MM)
    return Head(model, None, places, voxel_mm)


def bem(info: mne.Info, voxel_mm: float, folder: Path, trans: Path) -> Head:
    """Read a boundary element model; the lattice is a ball around its inner skull, which `forward` cuts to shape.

    Parameters
    ----------
    folder : FreeSurfer's folder of a subject, with bem/*-bem-sol.fif and bem/outer_skin.surf
    trans : FIF with the transform between head and MRI

    Raises
    ------
    HeschlError
        If a file is missing or damaged, or the transform doesn't lay the digitised head points onto the scalp.
    """
    solutions = sorted(Path(folder, "bem").glob("*-bem-sol.fif"))
    if len(solutions) != 1:
        given = f"{len(solutions) or 'no'} bem/*-bem-sol.fif"
        raise HeschlError(folder, given, "wanted one BEM solution", "Make it with mne.make_bem_solution")
    model = _read(mne.read_bem_solution, solutions[0], "a BEM solution")
    to_head = _trans(Path(trans))
    _check_trans(info, _scalp(folder, model), to_head, trans)
    skull = next(s["rr"] for s in model["surfs"] if s["id"] == FIFF.FIFFV_BEM_SURF_ID_BRAIN)
    skull_mm = 1e3 * apply_trans(to_head, skull)
    centre_mm = (skull_mm.min(0) + skull_mm.max(0)) / 2
    reach_mm = np.linalg.norm(skull_mm - centre_mm, axis=1).max()
    return Head(model, to_head, lattice(centre_mm, reach_mm, voxel_mm), voxel_mm)


def forward(info: mne.Info, head: Head) -> tuple[mne.Forward, np.ndarray]:
    """Compute the fields of dipoles in three directions at every place; also returns the places kept (voxel, 3)."""
    position = head.index * head.voxel_mm / 1e3
    position = position if head.trans is None else apply_trans(invert_transform(head.trans), position)
    with mne.use_log_level("error"):
        source = {"rr": position, "nn": np.tile([0.0, 0.0, 1.0], (len(position), 1))}
        source = mne.setup_volume_source_space(pos=source)
        margin = 0.0 if head.model["is_sphere"] else MARGIN_MM
        about = {"bem": head.model, "meg": True, "eeg": False, "mindist": margin}
        try:
            solution = mne.make_forward_solution(info, trans=head.trans, src=source, **about)
        except RuntimeError as error:
            given = f"no forward solution: {str(error)[:200]}"
            raise HeschlError("head model", given, "wanted a head in the helmet", "Check dev_head_t") from None
    return solution, head.index[solution["src"][0]["vertno"]]


def noise_covariance(room: mne.io.BaseRaw | None, info: mne.Info) -> mne.Covariance:
    """Covariance of the band-passed empty room; MNE's ad hoc one (5 fT/cm, 20 fT) without."""
    if room is None:
        return mne.make_ad_hoc_cov(info, verbose="error")
    names = [info["ch_names"][k] for k in mne.pick_types(info, meg=True, ref_meg=False)]
    if missing := [name for name in names if name not in room.ch_names]:
        given = f"lacks {len(missing)} of the run's channels, such as {missing[0]}"
        raise HeschlError("empty room", given, "wanted all of them", "Take the one of the same helmet")
    return covariance(room).pick_channels(names)


def covariance(raw: mne.io.BaseRaw) -> mne.Covariance:
    """Empirical covariance of a whole recording."""
    return mne.compute_raw_covariance(raw, method="empirical", verbose="error")


def beamformer(
    raw: mne.io.BaseRaw, solution: mne.Forward, noise: mne.Covariance, regularisation: float, is_sphere: bool
) -> mne.beamformer.Beamformer:
    r"""Make the unit-noise-gain filter in the direction of most power (Sekihara & Nagarajan 2008).

    w = C^-1 l / sqrt(l^T C^-2 l) on whitened data, C with `regularisation` times its mean power added.

    Parameters
    ----------
    raw : band-passed run; its covariance is the data covariance
    is_sphere : a sphere has no field of radial dipoles, so that one of three directions is left out

    Raises
    ------
    HeschlError
        If the covariance has too low a rank for a spatial filter.
    """
    data = covariance(raw)
    noise, rank = _common(data, noise, raw.info)
    about = {"reg": regularisation, "noise_cov": noise, "rank": rank, "reduce_rank": is_sphere}
    with mne.use_log_level("error"):
        made = mne.beamformer.make_lcmv(
            raw.info, solution, data, pick_ori="max-power", weight_norm="unit-noise-gain", **about
        )
    if not np.isfinite(made["weights"]).all():
        raise HeschlError("beamformer", "a weight isn't finite", "wanted a filter", "Raise regularisation")
    return made


def weights(made: mne.beamformer.Beamformer) -> np.ndarray:
    """Whitener and filter in one matrix (voxel, channel), the channels those of made["ch_names"].

    The whitener annihilates what the projections took away.
    """
    return made["weights"] @ made["whitener"]


def _common(data: mne.Covariance, noise: mne.Covariance, info: mne.Info) -> tuple[mne.Covariance, dict[str, int]]:
    """Return the noise covariance in the space that the data fill, and the rank of both there by kind of sensor.

    Where the data have no variance (projections, SSS, copied channels) noise has none either; else a filter would
    look for sources where the data are silent.
    """
    with mne.use_log_level("error"):
        ranks = [mne.compute_rank(c, info=info) for c in (data, noise)]
        expected = sum(mne.compute_rank(data, rank="info", info=info).values())
    if min(sum(rank.values()) for rank in ranks) < max(LEAST_RANK, expected / 2):
        given = f"rank {sum(ranks[0].values())} of the run's covariance, {sum(ranks[1].values())} of the noise's"
        wanted = f"wanted {max(LEAST_RANK, expected // 2)} at least, of {expected} expected"
        raise HeschlError("beamformer", given, wanted, "Check for channels that copy each other, and the length")
    noise = noise.copy().pick_channels(data["names"], ordered=True)
    short = {kind: n for kind, n in ranks[0].items() if n < ranks[1][kind]}
    noise = _within(noise, data, short, info) if short else noise
    return noise, {kind: min(n, ranks[1][kind]) for kind, n in ranks[0].items()}


def _within(noise: mne.Covariance, data: mne.Covariance, rank: dict[str, int], info: mne.Info) -> mne.Covariance:
    """Project a noise covariance onto the directions in which the data vary, by kind of sensor ("meg": both)."""
    kinds = np.array([mne.channel_type(info, info["ch_names"].index(name)) for name in data["names"]])
    scale = np.array([SCALE[kind] for kind in kinds])
    project = np.eye(len(kinds))
    for kind, n in rank.items():
        rows = np.flatnonzero((kinds == kind) | (kind == "meg"))
        block = np.ix_(rows, rows)
        axes = np.linalg.eigh((data.data * np.outer(scale, scale))[block])[1][:, -n:]
        project[block] = (axes @ axes.T) * scale[rows] / scale[rows, None]
    full = np.diag(noise.data) if noise["diag"] else noise.data
    return mne.Covariance(project @ full @ project.T, data["names"], [], info["projs"], noise["nfree"])


def _read(reader, path: Path, what: str):
    if not path.is_file():
        raise HeschlError(path, "no such file", f"wanted {what}", "Correct the setting, or make the file")
    try:
        with mne.use_log_level("error"):
            return reader(path)
    except Exception as error:  # MNE's readers raise anything at a damaged file
        given = f"can't be read: {str(error)[:200] or type(error).__name__}"
        raise HeschlError(path, given, f"wanted {what}", "Fetch it again") from None


def _trans(path: Path) -> mne.transforms.Transform:
    """Read a transform, and turn it so that it goes from MRI to head."""
    found, frames = _read(mne.read_trans, path, "the transform between head and MRI"), FIFF
    pair = (found["from"], found["to"])
    if pair == (frames.FIFFV_COORD_HEAD, frames.FIFFV_COORD_MRI):
        return invert_transform(found)
    if pair != (frames.FIFFV_COORD_MRI, frames.FIFFV_COORD_HEAD):
        raise HeschlError(path, f"goes from {found.from_str} to {found.to_str}", "wanted head and MRI", "Correct it")
    return found


def _scalp(folder: Path, model: mne.bem.ConductorModel) -> np.ndarray:
    """Return points (n, 3) of the outer skin, m, MRI coordinates."""
    file = Path(folder, "bem", "outer_skin.surf")
    if file.is_file():
        return _read(mne.read_surface, file, "FreeSurfer's outer skin")[0] / 1e3
    if heads := [s["rr"] for s in model["surfs"] if s["id"] == FIFF.FIFFV_BEM_SURF_ID_HEAD]:
        return heads[0]
    raise HeschlError(file, "no such file", "wanted the outer skin, to check the trans with", "Make it")


def _check_trans(info: mne.Info, scalp: np.ndarray, to_head, path: Path) -> None:
    """Refuse a transform that leaves the digitised head points off the scalp."""
    points = [p["r"] for p in info["dig"] or [] if p["coord_frame"] == FIFF.FIFFV_COORD_HEAD]
    if not points:
        print(f"{path}: no head points to check the transform with", file=sys.stderr)
        return
    off_mm = 1e3 * np.median(cKDTree(apply_trans(to_head, scalp)).query(np.array(points))[0])
    if off_mm > SCALP_MM:
        given = f"doesn't fit: {len(points)} head points lie {off_mm:.0f} mm off the scalp"
        raise HeschlError(path, given, f"wanted a median of at most {SCALP_MM:g} mm", "Coregister again")
