"""The anatomical workflow: T1w -> brain, tissues, and where each of its points lies in the template."""

from pathlib import Path

from nipype import Workflow

from heschl.engines import flow
from heschl.engines.antspy import CorrectBias, Normalise, Tissues
from heschl.engines.resample import Conform
from heschl.engines.strip import Strip


def run(t1w: Path, template: Path, folder: Path, mode: str, registration_mm: float) -> dict[str, Path | None]:
    """Conform, strip, flatten, segment and normalise a T1w.

    Parameters
    ----------
    t1w, template : NIfTI files; the template is a skull-stripped head at the resolution to register at
    folder : where nodes keep their files
    mode : "affine", "syn_quick" or "syn"
    registration_mm : voxel of the T1w that the nodes work on

    Returns
    -------
    paths of `brain`, `csf`, `gm`, `wm` (all on the conformed T1w grid), `affine` and `warp` (None for "affine")
    """
    conform = flow.node(Conform(in_file=str(t1w), voxel_mm=registration_mm), "conform")
    strip, bias = flow.node(Strip(), "strip"), flow.node(CorrectBias(), "bias")
    tissues = flow.node(Tissues(), "tissues")
    normalise = flow.node(Normalise(fixed=str(template), mode=mode), "normalise")
    anatomy = Workflow(name="anatomy")
    anatomy.connect(
        [
            (conform, strip, [("out_file", "in_file")]),
            (conform, bias, [("out_file", "in_file")]),
            (strip, bias, [("mask", "mask")]),
            (bias, tissues, [("out_file", "brain")]),
            (strip, tissues, [("mask", "mask")]),
            (bias, normalise, [("out_file", "moving")]),
        ]
    )
    done = flow.run(anatomy, folder)
    tissue = {name: Path(getattr(done["tissues"], name)) for name in ("csf", "gm", "wm")}
    warp = done["normalise"].warp
    return tissue | {
        "brain": Path(done["bias"].out_file),
        "affine": Path(done["normalise"].affine),
        "warp": Path(warp) if warp else None,
    }
