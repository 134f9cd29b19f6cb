"""deepbet (Fisch et al. 2024): a network that finds the brain in a T1w; its weights come with the package."""

import os

from nipype.interfaces.base import BaseInterfaceInputSpec, File, SimpleInterface, TraitedSpec


class _StripInput(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True)


class _StripOutput(TraitedSpec):
    mask = File(exists=True)


class Strip(SimpleInterface):
    """Brain mask of a T1w, on its own grid."""

    input_spec, output_spec = _StripInput, _StripOutput

    def _run_interface(self, runtime):
        import torch
        from deepbet import run_bet

        torch.set_num_threads(1)  # the same sums in the same order on every machine
        path = os.path.join(runtime.cwd, "mask.nii.gz")
        run_bet([self.inputs.in_file], mask_paths=[path], threshold=0.5, n_dilate=0, no_gpu=True, skip_broken=False)
        self._results["mask"] = path
        return runtime
