"""Grids: a T1w on a coarser grid, and every BOLD volume sampled once at the voxels of the group grid."""

import os
from pathlib import Path

import nibabel as nb
import numpy as np
from nipype.interfaces.base import BaseInterfaceInputSpec, File, InputMultiPath, SimpleInterface, TraitedSpec, traits
from scipy.ndimage import gaussian_filter

from heschl.engines import antspy
from heschl.engines.realign import load, save
from heschl.science import motion


class _ConformInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True)
    voxel_mm = traits.Float(mandatory=True)


class _ConformOutput(TraitedSpec):
    out_file = File(exists=True)


class Conform(SimpleInterface):
    """A T1w in RAS order with cubic voxels, no smaller than `voxel_mm`; smoothed first so that nothing aliases."""

    input_spec, output_spec = _ConformInput, _ConformOutput

    def _run_interface(self, runtime):
        from nibabel.processing import resample_to_output

        image = nb.as_closest_canonical(nb.load(self.inputs.in_file))
        size = np.array(image.header.get_zooms()[:3])
        sigma = np.sqrt(np.maximum((self.inputs.voxel_mm / size) ** 2 - 1, 0)) / motion.FWHM_PER_SIGMA
        smooth = gaussian_filter(np.asarray(image.dataobj, dtype=np.float32), sigma)
        smooth = nb.Nifti1Image(np.nan_to_num(smooth), image.affine)
        if np.abs(size - self.inputs.voxel_mm).max() > 1e-3:
            smooth = resample_to_output(smooth, self.inputs.voxel_mm, order=1)
        self._results["out_file"] = os.path.join(runtime.cwd, "t1w.nii.gz")
        nb.save(smooth, self._results["out_file"])
        return runtime


class _OnceInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc="slice-timed BOLD, not yet resampled")
    matrices = File(exists=True, mandatory=True)
    reference = File(exists=True, mandatory=True)
    coregistration = File(exists=True, mandatory=True)
    normalisation = InputMultiPath(File(exists=True), mandatory=True, desc="template points to T1w points")
    points = File(exists=True, mandatory=True, desc="(voxel, 3) world mm of the group grid")


class _OnceOutput(TraitedSpec):
    series = File(exists=True, desc="(time, covered)")
    covered = File(exists=True, desc="bool (voxel,)")
    reference = File(exists=True, desc="(covered,)")


class ResampleOnce(SimpleInterface):
    """Compose warp, coregistration and motion into one place per voxel and volume; interpolate once (cubic)."""

    input_spec, output_spec = _OnceInput, _OnceOutput

    def _run_interface(self, runtime):
        volumes, affine = load(self.inputs.in_file)
        places = np.load(self.inputs.matrices)
        points = antspy.transform_points(np.load(self.inputs.points), self.inputs.normalisation)
        points = antspy.transform_points(points, [Path(self.inputs.coregistration)])
        covered = coverage(points, places, affine, volumes.shape[1:])
        points = points[covered]
        series = (motion.sample(volumes[k], affine, motion.move(places[k], points)) for k in range(len(volumes)))
        reference = motion.sample(load(self.inputs.reference)[0][0], affine, points)
        for name, array in (("series", np.stack(list(series))), ("covered", covered), ("reference", reference)):
            self._results[name] = os.path.join(runtime.cwd, f"{name}.npy")
            np.save(self._results[name], array)
        return runtime


def coverage(points: np.ndarray, places: np.ndarray, affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Tell which points (point, 3) lie in the measured field in every volume, to half a voxel: bool (point,)."""
    inside = np.ones(len(points), bool)
    for place in places:
        where = motion.to_voxel(affine, motion.move(place, points))
        inside &= ((where >= -0.5) & (where <= np.array(shape) - 0.5)).all(1)
    return inside


def thin(rows: np.ndarray, path: Path) -> str:
    """Write some voxels (time, voxel) as a thin NIfTI (n, 64, 1, time), zeros at its end, for nipype's confounds."""
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 64)))
    return save(rows.reshape(len(rows), -1, 64, 1), np.eye(4), str(path))
