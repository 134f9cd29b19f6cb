"""Our own engines on a 4-D BOLD file: head motion, slice timing, a sharp reference volume."""

import os

import nibabel as nb
import numpy as np
from nipype.interfaces.base import BaseInterfaceInputSpec, File, SimpleInterface, TraitedSpec, traits

from heschl.science import motion, slice_timing

REFERENCE_VOLUMES = 24


class _RealignInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True)


class _RealignOutput(TraitedSpec):
    matrices = File(exists=True)


class Realign(SimpleInterface):
    """Rigid motion of every volume from the first: science/motion.py, saved as (time, 4, 4) .npy."""

    input_spec, output_spec = _RealignInput, _RealignOutput

    def _run_interface(self, runtime):
        volumes, affine = load(self.inputs.in_file)
        self._results["matrices"] = os.path.join(runtime.cwd, "matrices.npy")
        np.save(self._results["matrices"], motion.estimate(volumes, affine))
        return runtime


class _SliceTimeInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True)
    slice_time = traits.List(traits.Float, desc="s after volume start, one a slice; empty: unknown")
    tr_s = traits.Float(mandatory=True)
    axis = traits.Int(2, usedefault=True)


class _SliceTimeOutput(TraitedSpec):
    out_file = File(exists=True)


class SliceTime(SimpleInterface):
    """All slices at mid-TR: science/slice_timing.py; without slice times the file passes as it is."""

    input_spec, output_spec = _SliceTimeInput, _SliceTimeOutput

    def _run_interface(self, runtime):
        self._results["out_file"] = self.inputs.in_file
        if self.inputs.slice_time:
            volumes, affine = load(self.inputs.in_file)
            times = np.array(self.inputs.slice_time)
            volumes = slice_timing.correct(volumes, times, self.inputs.tr_s, self.inputs.axis)
            self._results["out_file"] = save(volumes, affine, os.path.join(runtime.cwd, "slice_timed.nii"))
        return runtime


class _ReferenceInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True)
    matrices = File(exists=True, mandatory=True)


class _ReferenceOutput(TraitedSpec):
    out_file = File(exists=True)


class Reference(SimpleInterface):
    """Mean of a few realigned volumes, in the place of the first: less noise for coregistration."""

    input_spec, output_spec = _ReferenceInput, _ReferenceOutput

    def _run_interface(self, runtime):
        volumes, affine = load(self.inputs.in_file)
        chosen = np.unique(np.linspace(0, len(volumes) - 1, REFERENCE_VOLUMES).astype(int))
        points = grid_points(volumes.shape[1:], affine)
        places = np.load(self.inputs.matrices)
        moved = (motion.sample(volumes[k], affine, motion.move(places[k], points)) for k in chosen)
        mean = sum(moved).reshape(volumes.shape[1:]) / len(chosen)
        self._results["out_file"] = save(mean[None], affine, os.path.join(runtime.cwd, "reference.nii"))
        return runtime


def grid_points(shape: tuple[int, ...], affine: np.ndarray) -> np.ndarray:
    """World coordinates (voxel, 3) in mm of every voxel of a grid, in C order."""
    return np.indices(shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a NIfTI as volumes (time, x, y, z), float32, and its affine (4, 4)."""
    image = nb.load(path)
    volumes = np.asarray(image.dataobj, dtype=np.float32)
    volumes = volumes[..., None] if volumes.ndim == 3 else volumes
    return np.moveaxis(volumes, -1, 0), image.affine


def save(volumes: np.ndarray, affine: np.ndarray, path: str) -> str:
    """Write volumes (time, x, y, z) as a 4-D NIfTI, or 3-D if there is one; returns the path."""
    image = np.moveaxis(volumes, 0, -1)
    image = image[..., 0] if len(volumes) == 1 else image
    nb.save(nb.Nifti1Image(image.astype(np.float32, copy=False), affine), path)
    return path
