"""The functional workflow: one BOLD run -> its voxels on the group grid, resampled once, and its confounds."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nipype import Workflow
from nipype.algorithms.confounds import ACompCor

from heschl.engines import flow
from heschl.engines.antspy import Coregister, transform_points
from heschl.engines.realign import Realign, Reference, SliceTime
from heschl.engines.resample import ResampleOnce, thin


@dataclass(frozen=True)
class Run:
    """What the workflow needs to know of a run and of its anatomy."""

    bold: Path  # NIfTI (x, y, z, time)
    tr_s: float
    slice_time: list[float]  # s; empty if unknown
    slice_axis: int
    brain: Path  # skull-stripped T1w
    normalisation: list[Path]  # template points -> T1w points, in ANTs order
    points: np.ndarray  # (voxel, 3) mm, the group grid's brain
    noise: np.ndarray  # bool (mask, voxel): white matter, CSF
    high_pass_hz: float
    n_compcor: int


def run(of: Run, folder: Path) -> dict[str, np.ndarray]:
    """Realign, slice-time, coregister, resample once, find noise components.

    Returns
    -------
    `matrices` (time, 4, 4), `coregistration` (4, 4: T1w -> EPI points, mm RAS), `covered` bool (voxel,),
    `series` (time, covered), `reference` (covered,), `compcor` (time, component)
    """
    np.save(folder / "points.npy", of.points)
    done = flow.run(_spatial(of, folder), folder)
    series, covered = np.load(done["once"].series), np.load(done["once"].covered)
    return {
        "matrices": np.load(done["realign"].matrices),
        "coregistration": _matrix(Path(done["coregister"].affine)),
        "covered": covered,
        "series": series,
        "reference": np.load(done["once"].reference),
        "compcor": _noise(of, series, of.noise[:, covered], folder),
    }


def _spatial(of: Run, folder: Path) -> Workflow:
    realign = flow.node(Realign(in_file=str(of.bold)), "realign")
    slices = SliceTime(in_file=str(of.bold), slice_time=of.slice_time, tr_s=of.tr_s, axis=of.slice_axis)
    slices = flow.node(slices, "slices")
    reference = flow.node(Reference(in_file=str(of.bold)), "reference")
    coregister = flow.node(Coregister(fixed=str(of.brain)), "coregister")
    once = ResampleOnce(normalisation=[str(p) for p in of.normalisation], points=str(folder / "points.npy"))
    once = flow.node(once, "once")
    workflow = Workflow(name="functional")
    workflow.connect(
        [
            (realign, reference, [("matrices", "matrices")]),
            (reference, coregister, [("out_file", "moving")]),
            (realign, once, [("matrices", "matrices")]),
            (slices, once, [("out_file", "in_file")]),
            (reference, once, [("out_file", "reference")]),
            (coregister, once, [("affine", "coregistration")]),
        ]
    )
    return workflow


def _noise(of: Run, series: np.ndarray, masks: np.ndarray, folder: Path) -> np.ndarray:
    """Anatomical CompCor (Behzadi et al. 2007): principal components of white matter, and of CSF: (time, component).

    A tissue of which the run covers hardly a voxel is left out.
    """
    masks = masks[masks.sum(1) >= max(10, of.n_compcor)]
    if not (of.n_compcor and len(masks)):
        return np.zeros((len(series), 0))
    used = masks.any(0)
    compcor = ACompCor(
        realigned_file=thin(series[:, used], folder / "noise.nii"),
        mask_files=[thin(m[None, used], folder / f"noise{i}.nii") for i, m in enumerate(masks)],
        num_components=of.n_compcor,
        repetition_time=of.tr_s,
        merge_method="none",
    )
    if of.high_pass_hz > 0:
        compcor.inputs.trait_set(pre_filter="cosine", high_pass_cutoff=1 / of.high_pass_hz)
    workflow = Workflow(name="noise")
    workflow.add_nodes([flow.node(compcor, "compcor")])
    return np.loadtxt(flow.run(workflow, folder)["compcor"].components_file, skiprows=1, ndmin=2)


def _matrix(transform: Path) -> np.ndarray:
    """Read a rigid transform as a 4x4 matrix, by where it takes the origin and the three axes."""
    corners = transform_points(np.vstack([np.zeros(3), np.eye(3)]), [transform])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = (corners[1:] - corners[0]).T, corners[0]
    return matrix
