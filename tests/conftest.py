"""What tests share: real recordings where they are at hand, and a tiny raw BIDS dataset made on the spot."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import settings

# The same examples every time, so that nothing fails by chance; HYPOTHESIS_PROFILE=explore draws new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

ROOT = Path(__file__).parents[1]
SHAPE = (8, 9, 7, 40)
TR_S = 1.5
LAS = np.diag([-3.0, 3.0, 3.0, 1.0])
CLIPS = {6: "rock/a_0.wav", 22.5: "jazz/b_1.wav", 39: "rock/c.d.wav"}
EVENTS = "onset\tduration\tstim_file\n" + "".join(f"{t}\t15\tstimuli/{c}\n" for t, c in CLIPS.items())


# Files whose tests run whole workflows: they start first, so that no worker is left alone with one at the end.
LONGEST = (
    "test_workflow.py",
    "test_studies.py",
    "test_neuroplasticity.py",
    "test_style_dream.py",
    "test_studyforrest.py",
    "steps/test_classify.py",
    "nets/test_tagger.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and mark the tests that need real recordings."""
    order = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real recordings (HESCHL_TEST_DATA); without it a test is skipped, but fails in CI."""
    folder = Path(os.environ.get("HESCHL_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report(f"no real data at {folder}: set HESCHL_TEST_DATA")
    return folder


@pytest.fixture
def tiny_bids(tmp_path: Path) -> Callable[..., Path]:
    """Factory of a raw BIDS dataset: a T1w image and two runs of 40 small volumes for each subject.

    Keywords change one thing: `affine` of the images, `sidecar` entries, `subjects`, `n_runs`, `folder` name.
    """

    def make(
        subjects: tuple[str, ...] = ("01",),
        n_runs: int = 2,
        affine: np.ndarray = LAS,
        sidecar: dict | None = None,
        folder: str = "bids",
    ) -> Path:
        root = tmp_path / folder
        root.mkdir(parents=True)
        (root / "dataset_description.json").write_text(json.dumps({"Name": "tiny", "BIDSVersion": "1.8.0"}))
        rng = np.random.default_rng(0)
        for sub in subjects:
            anat, func = (root / f"sub-{sub}" / name for name in ("anat", "func"))
            _image(anat / f"sub-{sub}_T1w.nii.gz", rng.integers(1, 900, SHAPE[:3]), affine)
            for run in range(1, n_runs + 1):
                stem = f"sub-{sub}_task-music_run-{run}"
                _image(func / f"{stem}_bold.nii.gz", rng.integers(1, 900, SHAPE), affine)
                times = [0.2 * z for z in range(SHAPE[2])]
                meta = {"TaskName": "music", "RepetitionTime": TR_S, "SliceTiming": times}
                (func / f"{stem}_bold.json").write_text(json.dumps(meta | (sidecar or {})))
                (func / f"{stem}_events.tsv").write_text(EVENTS)
        return root

    return make


def _image(path: Path, voxels: np.ndarray, affine: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(voxels.astype(np.int16), affine)
    image.header.set_xyzt_units("mm", "sec")
    if voxels.ndim == 4:
        image.header.set_zooms((3, 3, 3, TR_S))
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    image.to_filename(path)
