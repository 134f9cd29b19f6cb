"""A real brain hears tones: the left ear's peak in the right auditory cortex, the right ear's in the left.

MNE's sample recording (24 s, 7 and 8 tones) through the engine of the study: the subject's own BEM and transform, 8 mm
lattice, 1 to 40 Hz, covariance of the whole run, empty-room noise, unit-noise-gain LCMV. The filter is made from all
sensors and ongoing activity, of which the responses of the two auditory cortices, correlated as they are, are a small
part; a filter made from the averages alone would cancel them.

The response of a voxel is the power of the average in the N100m's window, over what ongoing activity leaves in a
single trial. Either tone excites both sides, so the side is asked of the contrast: where the tone in one ear
gives more than that in the other, over the whole head. Place is asked of each response, too, on the other side.

The label files of transversetemporal that come with this subject hold zeros for coordinates; the same label of the
same atlas (Desikan-Killiany, aparc) is taken from MNI space to this brain.
"""

from pathlib import Path

import mne
import nibabel as nb
import numpy as np
import pytest
from nipype import Workflow
from scipy.spatial import cKDTree

from heschl.datasets import atlas
from heschl.engines import antspy, flow, lcmv, meg_sensors

BAND_HZ, VOXEL_MM = (1.0, 40.0), 8.0
BEFORE, WINDOW_S, AFTER_S = -0.2, (0.05, 0.15), 0.3
EVENTS = {"left": 1, "right": 2}
OTHER_SIDE = [("left", "rh", 1), ("right", "lh", -1)]


@pytest.fixture(scope="module")
def heard(real_data):
    """Return responses by ear (voxel,), positions (voxel, 3) and labels by hemisphere (n, 3), mm, head coordinates."""
    meg, subject = real_data / "mne-sample-meg-raw", real_data / "mne-sample-subject"
    raw = meg_sensors.read(meg / "test_raw.fif")
    events = mne.read_events(meg / "test-eve.fif", verbose="error")
    onset_s = (events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    raw = meg_sensors.band(raw, BAND_HZ, raw.info["sfreq"] / 4, False)
    head = lcmv.bem(raw.info, VOXEL_MM, subject, subject / "sample_audvis_trunc-trans.fif")
    solution, index = lcmv.forward(raw.info, head)
    noise = mne.read_cov(meg / "test_erm-cov.fif", verbose="error")
    made = lcmv.beamformer(raw, solution, noise, 0.05, False)
    trials, time = epochs(lcmv.weights(made) @ raw.get_data(made["ch_names"]), onset_s, raw.info["sfreq"])
    labels = {side: 1e3 * mne.transforms.apply_trans(head.trans, p / 1e3) for side, p in aparc(subject).items()}
    return responses(trials, time, events[:, 2]), index * VOXEL_MM, labels


def epochs(source: np.ndarray, onset_s: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Cut (trial, voxel, time) around all events, before-stimulus mean off."""
    lag = np.arange(round(BEFORE * rate_hz), round(AFTER_S * rate_hz) + 1)
    trials = np.stack([source[:, round(t * rate_hz) + lag] for t in onset_s])
    return trials - trials[..., lag <= 0].mean(-1, keepdims=True), lag / rate_hz


def responses(trials: np.ndarray, time: np.ndarray, kind: np.ndarray) -> dict[str, np.ndarray]:
    """Power of the average over that of a single trial before the stimulus, without the noise that it expects."""
    ongoing = (trials[..., time <= 0] ** 2).mean((0, 2))
    window = (time >= WINDOW_S[0]) & (time <= WINDOW_S[1])
    found = {}
    for ear, event in EVENTS.items():
        own = trials[kind == event]
        found[ear] = (own.mean(0)[:, window] ** 2).mean(1) / ongoing - 1 / len(own)
    return found


def aparc(subject: Path) -> dict[str, np.ndarray]:
    """Return transversetemporal of both hemispheres (n, 3), mm, surface RAS of the subject's MRI."""
    from nilearn.datasets import load_mni152_template

    brain = nb.load(subject / "mri" / "brain.mgz")
    small = np.asarray(brain.dataobj, np.float32)[::2, ::2, ::2]
    affine = brain.header.get_vox2ras_tkr() @ np.diag([2, 2, 2, 1])
    labels = atlas.load("desikan_killiany")
    named = {name: label for label, name in labels.names.items()}
    with flow.workspace() as folder:
        nb.save(nb.Nifti1Image(small, affine), folder / "brain.nii.gz")
        load_mni152_template(resolution=3).to_filename(folder / "template.nii.gz")
        files = {"fixed": str(folder / "template.nii.gz"), "moving": str(folder / "brain.nii.gz")}
        workflow = Workflow(name="labels")
        workflow.add_nodes([flow.node(antspy.Normalise(mode="affine", **files), "normalise")])
        way = [flow.run(workflow, folder)["normalise"].affine]
        found = {}
        for side in ("lh", "rh"):
            ijk = np.argwhere(labels.volume == named[f"ctx-{side}-transversetemporal"])
            found[side] = antspy.transform_points(ijk @ labels.affine[:3, :3].T + labels.affine[:3, 3], way)
    return found


@pytest.mark.parametrize(("ear", "side", "sign"), OTHER_SIDE)
def test_a_tone_excites_the_other_side_s_auditory_cortex_more_than_the_other_tone_does(heard, ear, side, sign):
    found, position, labels = heard
    other = next(name for name in EVENTS if name != ear)
    peak = position[(found[ear] - found[other]).argmax()]
    off_mm = cKDTree(labels[side]).query(peak)[0]
    print(f"{ear} ear against {other}, whole head: {peak} mm, {off_mm:.1f} mm off transversetemporal-{side}")
    assert sign * peak[0] > 0 and off_mm <= 30


@pytest.mark.parametrize(("ear", "side", "sign"), OTHER_SIDE)
def test_on_the_other_side_a_tone_peaks_in_auditory_cortex(heard, ear, side, sign):
    found, position, labels = heard
    here = sign * position[:, 0] > 0
    peak = position[here][found[ear][here].argmax()]
    off_mm = cKDTree(labels[side]).query(peak)[0]
    print(f"{ear} ear alone, {side}: {peak} mm, {off_mm:.1f} mm off transversetemporal-{side}")
    assert off_mm <= 30
