"""Small MEG recordings made on the spot: a real helmet around a spherical head, noise, and dipoles where wanted."""

from pathlib import Path

import mne
import numpy as np
from mne.channels.montage import read_meg_canonical_info

CENTRE_MM, RADIUS_MM = np.array([0.0, 0.0, 40.0]), 90.0
SEAT_MM = {"ctf151": [0, 4.5, 61], "neuromag": [0, -15, 51]}  # of the helmet's origin, in head coordinates
RATE_HZ = 260.375
NOISE = {"mag": 2e-14, "grad": 5e-13}  # T, T/m


def head_points() -> list:
    k = np.arange(200)  # a spiral around a ball; its lower part is no head
    z = 1 - 2 * (k + 0.5) / 200
    turn = np.pi * (1 + 5**0.5) * k
    ball = np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], 1)
    points = (CENTRE_MM + RADIUS_MM * ball) / 1e3
    side = np.sqrt(RADIUS_MM**2 - 40**2) / 1e3
    ears = {"nasion": [0, side, 0], "lpa": [-side, 0, 0], "rpa": [side, 0, 0]}
    montage = mne.channels.make_dig_montage(**ears, hsp=points[points[:, 2] > 0.01], coord_frame="head")
    return montage.dig


def helmet(system: str = "ctf151", rate_hz: float = RATE_HZ) -> mne.Info:
    """Return sensors with a head in them."""
    info = read_meg_canonical_info(system)
    with info._unlock():
        info["sfreq"] = rate_hz
        info["lowpass"] = rate_hz / 2
        info["dig"] = head_points()
        info["dev_head_t"] = mne.transforms.Transform("meg", "head", np.eye(4))
        info["dev_head_t"]["trans"][:3, 3] = np.array(SEAT_MM[system]) / 1e3
    return info


def gains(info: mne.Info, position_mm: np.ndarray) -> np.ndarray:
    """Fields (channel, source, 3) of dipoles of 1 Am along x, y and z."""
    sphere = mne.make_sphere_model(CENTRE_MM / 1e3, RADIUS_MM / 1e3, verbose="error")
    place = {"rr": np.atleast_2d(position_mm) / 1e3, "nn": np.tile([0.0, 0, 1], (len(np.atleast_2d(position_mm)), 1))}
    source = mne.setup_volume_source_space(pos=place, verbose="error")
    solution = mne.make_forward_solution(info, None, source, sphere, eeg=False, mindist=0, verbose="error")
    return solution["sol"]["data"].reshape(info["nchan"], -1, 3)


def recording(
    system: str = "ctf151", seconds: float = 30, rate_hz: float = RATE_HZ, seed: int = 0, sources=(), head=True
) -> mne.io.RawArray:
    """Return sensor noise, and the field of sources (position mm, direction, course in Am (time,))."""
    info = helmet(system, rate_hz)
    n = round(seconds * rate_hz)
    size = np.array([NOISE[mne.channel_type(info, k)] for k in range(info["nchan"])])
    data = size[:, None] * np.random.default_rng(seed).standard_normal((info["nchan"], n))
    for position_mm, direction, course in sources:
        data += np.outer(gains(info, position_mm)[:, 0] @ np.asarray(direction, float), course)
    if not head:
        with info._unlock():
            info["dig"] = info["dev_head_t"] = None
    return mne.io.RawArray(data, info, verbose="error")


def save(raw: mne.io.BaseRaw, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw.save(path, overwrite=True, verbose="error")
    return path


def beats(path: Path, seconds: float, beat_s: float = 0.8) -> Path:
    onset_s = np.arange(0.5, seconds, beat_s)
    path.write_text("onset\tduration\ttrial_type\n" + "".join(f"{t:.4f}\t0\tbeat\n" for t in onset_s))
    return path


def round_subject(folder: Path) -> Path:
    """Write FreeSurfer's folder of a spherical head whose MRI coordinates are shifted, and transforms, good and bad."""
    (folder / "bem").mkdir(parents=True)
    shift = np.array([3.0, -12, 25])
    ball = mne.surface._get_ico_surface(3)
    for name, radius in (("inner_skull", 0.9 * RADIUS_MM), ("outer_skin", RADIUS_MM)):
        mne.write_surface(folder / "bem" / f"{name}.surf", CENTRE_MM + radius * ball["rr"] - shift, ball["tris"])
    layer = mne.make_bem_model(folder.name, None, (0.3,), folder.parent, verbose="error")
    mne.write_bem_solution(folder / "bem" / "a-bem-sol.fif", mne.make_bem_solution(layer, verbose="error"))
    to_head = mne.transforms.Transform("mri", "head", mne.transforms.translation(*shift / 1e3))
    wrong = mne.transforms.Transform("mri", "head", mne.transforms.translation(0.02, 0.03, 0.0))
    other = mne.transforms.Transform("meg", "head", np.eye(4))
    transforms = {"good": to_head, "turned": mne.transforms.invert_transform(to_head), "wrong": wrong, "other": other}
    for name, transform in transforms.items():
        mne.write_trans(folder / f"{name}-trans.fif", transform)
    (folder / "damaged-trans.fif").write_bytes(b"no transform")
    return folder
