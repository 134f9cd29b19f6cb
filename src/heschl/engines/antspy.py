"""ANTs (Avants et al. 2011) through antspyx: bias field, tissues, registration, points through transforms."""

import os
import shutil
from pathlib import Path

os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"  # before ants is imported: results repeat to the bit

import numpy as np
from nipype.interfaces.base import BaseInterfaceInputSpec, File, SimpleInterface, TraitedSpec, traits

SEED = 1
AFFINE = (200, 100, 50, 10)  # iterations at 6, 4, 2 and 1 times the voxel
MODES = {
    "affine": {"type_of_transform": "Affine", "aff_iterations": AFFINE},
    "syn_quick": {"type_of_transform": "SyN", "aff_iterations": AFFINE, "reg_iterations": (40, 20, 0)},
    "syn": {"type_of_transform": "SyN", "aff_iterations": AFFINE, "reg_iterations": (70, 50, 20)},
}
LPS = np.array([-1.0, -1.0, 1.0])  # ANTs points are LPS, headers are RAS


class _BiasInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True)
    mask = File(exists=True, mandatory=True)


class _BiasOutput(TraitedSpec):
    out_file = File(exists=True)


class CorrectBias(SimpleInterface):
    """N4 (Tustison et al. 2010) inside a mask, estimated on a coarse grid; outside the mask the image becomes 0."""

    input_spec, output_spec = _BiasInput, _BiasOutput

    def _run_interface(self, runtime):
        import ants

        image, mask = ants.image_read(self.inputs.in_file), ants.image_read(self.inputs.mask)
        stop = {"iters": [20, 20, 20], "tol": 1e-6}
        flat = ants.n4_bias_field_correction(image, mask=mask, shrink_factor=4, convergence=stop) * mask
        return _save(self, runtime, out_file=flat)


class _TissueInput(BaseInterfaceInputSpec):
    brain = File(exists=True, mandatory=True)
    mask = File(exists=True, mandatory=True)


class _TissueOutput(TraitedSpec):
    csf = File(exists=True)
    gm = File(exists=True)
    wm = File(exists=True)


class Tissues(SimpleInterface):
    """Atropos (Avants et al. 2011), three classes from k-means: on a T1w, dark to bright is CSF, grey, white."""

    input_spec, output_spec = _TissueInput, _TissueOutput

    def _run_interface(self, runtime):
        import ants

        brain, mask = ants.image_read(self.inputs.brain), ants.image_read(self.inputs.mask)
        found = ants.atropos(a=brain, x=mask, i="kmeans[3]", m="[0.2,1x1x1]", c="[3,0]", r=0)  # r: fixed seed
        return _save(self, runtime, **dict(zip(("csf", "gm", "wm"), found["probabilityimages"], strict=True)))


class _NormaliseInput(BaseInterfaceInputSpec):
    fixed = File(exists=True, mandatory=True)
    moving = File(exists=True, mandatory=True)
    mode = traits.Enum(*MODES, usedefault=True)


class _NormaliseOutput(TraitedSpec):
    affine = File(exists=True)
    warp = traits.Either(None, File(exists=True))


class Normalise(SimpleInterface):
    """Register a brain to a template; the transforms take template points to points of the brain."""

    input_spec, output_spec = _NormaliseInput, _NormaliseOutput

    def _run_interface(self, runtime):
        import ants

        fixed, moving = ants.image_read(self.inputs.fixed), ants.image_read(self.inputs.moving)
        prefix = os.path.join(runtime.cwd, "normalise_")
        found = ants.registration(fixed, moving, outprefix=prefix, random_seed=SEED, **MODES[self.inputs.mode])
        *warp, self._results["affine"] = found["fwdtransforms"]
        self._results["warp"] = warp[0] if warp else None
        return runtime


class _CoregisterInput(BaseInterfaceInputSpec):
    fixed = File(exists=True, mandatory=True)
    moving = File(exists=True, mandatory=True)


class _CoregisterOutput(TraitedSpec):
    affine = File(exists=True)


class Coregister(SimpleInterface):
    """Rigid registration by mutual information; the transform takes points of `fixed` to points of `moving`.

    It starts from the scanner's coordinates, or, where the images agree better so, from their centres of mass (headers
    that lie).
    """

    input_spec, output_spec = _CoregisterInput, _CoregisterOutput

    def _run_interface(self, runtime):
        import ants

        fixed, moving = ants.image_read(self.inputs.fixed), ants.image_read(self.inputs.moving)
        shifts = np.zeros(3), np.subtract(ants.get_center_of_mass(moving), ants.get_center_of_mass(fixed))
        starts = [_shift(shift, os.path.join(runtime.cwd, f"start{k}.mat")) for k, shift in enumerate(shifts)]
        nearer = min(starts, key=lambda start: _dissimilarity(fixed, moving, start))
        best = _rigid(fixed, moving, runtime.cwd, nearer)
        self._results["affine"] = shutil.copy(best, os.path.join(runtime.cwd, "coregister.mat"))
        return runtime


def _shift(shift_mm: np.ndarray, path: str) -> str:
    """Write a transform that takes a point x (3,) of ANTs' world to x + shift."""
    import ants

    transform = ants.create_ants_transform(
        "Euler3DTransform", precision="double", translation=list(map(float, shift_mm))
    )
    ants.write_transform(transform, path)
    return path


def _rigid(fixed, moving, folder: str, start: str) -> str:
    import ants

    return ants.registration(
        fixed,
        moving,
        type_of_transform="Rigid",
        initial_transform=start,
        outprefix=os.path.join(folder, "rigid_"),
        aff_iterations=(100, 50, 20, 10),
        aff_random_sampling_rate=0.25,
        random_seed=SEED,
    )["fwdtransforms"][-1]


def _dissimilarity(fixed, moving, affine: str) -> float:
    """Return minus the mutual information of two images once aligned."""
    import ants

    return ants.image_mutual_information(fixed, ants.apply_transforms(fixed, moving, [affine]))


def transform_image(moving: Path, like: Path, transforms: list[Path]) -> np.ndarray:
    """Resample an image linearly on the grid of another: array of that grid's shape (x, y, z)."""
    import ants

    fixed, image = ants.image_read(str(like)), ants.image_read(str(moving))
    return ants.apply_transforms(fixed, image, [str(t) for t in transforms]).numpy()


def transform_points(points: np.ndarray, transforms: list[Path]) -> np.ndarray:
    """Take points (point, 3) in mm, RAS, of the fixed image to the moving image of a registration."""
    import ants
    import pandas as pd

    table = pd.DataFrame(points * LPS, columns=["x", "y", "z"])
    moved = ants.apply_transforms_to_points(3, table, [str(t) for t in transforms])
    return moved[["x", "y", "z"]].to_numpy() * LPS


def _save(interface: SimpleInterface, runtime, **images):
    import ants

    for name, image in images.items():
        path = os.path.join(runtime.cwd, f"{name}.nii.gz")
        ants.image_write(image, path)
        interface._results[name] = path
    return runtime
