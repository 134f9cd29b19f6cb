"""F3 and A.2: the sound of stimuli beside what was retrieved from the brain."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.datasets import audio_folder
from heschl.errors import HeschlError
from heschl.figures import listeners, style
from heschl.science.mel import KNEE_HZ, KNEE_MEL, STEP, mel_power

TITLE = "Stimuli and what was retrieved"
CAPTION = (
    "Mel spectrograms (decibels below each clip's loudest point) of test clips and of the items of the gallery nearest "
    "to what was decoded from each listener shown, nearest to the true embedding (oracle), and drawn at random. Rows: "
    "the first test clip by name of each genre, genres by name, not chosen by how well they did. What may never be "
    "retrieved is counted below the figure: the stimuli, their tracks, and near-duplicates. Above each item: its "
    "style, cos: cosine between the decoded embedding and the item's, and id: share of the other test clips that are "
    "less like the item than the clip heard, in another model's space (for random items the mean over several draws, "
    "not the one shown alone; .5 is chance). A few rows can't show how well retrieval works: see the scores. "
    "Retrieved items are existing music: likeness shows what the gallery holds as much as what was decoded."
)
N_FFT, HOP_S, N_MELS, RANGE_DB = 1024, 0.032, 64, 70.0


class Tile(NamedTuple):
    """One spectrogram: the column it stands in, its item's name and style, and how like the stimulus it is."""

    column: str
    item: str
    style: str
    cosine: float = np.nan
    id_acc: float = np.nan


def draw(
    *,
    audio: Path,
    retrieved: Path,
    folder: str,
    clip_s: float,
    subjects: str,
    png: Path,
    pdf: Path,
    table: Path,
    n_clips: int = 0,
    noise_subjects: Sequence[str] = (),
) -> None:
    """Draw a row for each of n_clips test clips (0: one of each genre): stimulus, retrieved, oracle, random.

    Parameters
    ----------
    audio : store of the stimuli's sound, and of the gallery's if folder is ""
    retrieved : store of retrieve
    folder : the gallery's folder of audio, or ""
    subjects : "one", the first listener who is no noise, or "all"

    Raises
    ------
    HeschlError
        If subjects is neither, or a clip or item has no sound.
    """
    found, sound = _read(retrieved), store.read(audio)
    rows = [_tiles(found, clip, _shown(found, subjects, noise_subjects)) for clip in _chosen(found, n_clips)]
    sounds = _sounds(rows, sound, audio, folder, clip_s)
    names = [tile.column for tile in rows[0]]
    with style.sheet(style.DOUBLE, 0.9 + 0.78 * len(rows)) as figure:
        panels = figure.subplots(len(rows), len(names), sharex=True, sharey=True, squeeze=False)
        for line, tiles in zip(panels, rows, strict=True):
            for axes, tile in zip(line, tiles, strict=True):
                image = _paint(axes, sounds.get(tile[:2]), float(sound.attrs["rate_hz"]), clip_s)
                axes.set_title(_says(tile, 110 // len(names)), fontsize=5.2, loc="center", pad=2)
        _label(panels, rows, noise_subjects)
        _frequencies(panels, float(sound.attrs["rate_hz"]))
        figure.supylabel("frequency (kHz)", fontsize=7)
        figure.supxlabel(_below(found), fontsize=6, x=0.01, ha="left")
        bar = figure.colorbar(image, ax=panels, shrink=0.4, aspect=22, pad=0.01, ticks=[-RANGE_DB, 0])
        bar.ax.set_yticklabels([f"−{RANGE_DB:g}", "0"])
        bar.set_label("dB re loudest", labelpad=-8)
    numbers = pd.DataFrame([{"clip": tiles[0].item} | tile._asdict() for tiles in rows for tile in tiles])
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _read(path: Path) -> xr.Dataset:
    found = store.read(path).load()
    if missing := [n for n in ("index", "id_acc_clip") if n not in found]:
        raise HeschlError(path, f"no {missing[0]}", "wanted what retrieve found", "Run the rule retrieve_clips")
    return found.sortby("sub")


def _shown(found: xr.Dataset, subjects: str, noise_subjects: Sequence[str]) -> list[str]:
    subs = found["sub"].values.astype(str).tolist()
    if subjects not in ("one", "all"):
        raise HeschlError("draw_spectrograms: subjects", f"{subjects!r} given", "wanted one or all")
    return subs if subjects == "all" else [s for s in subs if s not in noise_subjects][:1] or subs[:1]


def _chosen(found: xr.Dataset, n: int) -> list[str]:
    """First clip by name of each genre, genres by name; then the second of each, and so on."""
    clips = sorted(found["clip"].values.astype(str).tolist())
    genre = [clip.rpartition("/")[0] for clip in clips]
    turn = {clip: genre[:i].count(genre[i]) for i, clip in enumerate(clips)}
    return sorted(sorted(clips, key=lambda clip: (turn[clip], clip))[: n or len(set(genre))])


def _tiles(found: xr.Dataset, clip: str, subs: list[str]) -> list[Tile]:
    """Return the tiles of one clip's row."""
    items, styles = found["item"].values.astype(str), found["style"].values.astype(str)
    at = found.sel({"clip": clip}).isel({"rank": 0})
    ids = at["id_acc_clip"]

    def tile(column: str, index: int, **likeness: float) -> Tile:
        return Tile(column, items[index], styles[index], **likeness) if index >= 0 else Tile(column, "", "no response")

    row = [Tile("stimulus", clip, clip.rpartition("/")[0])]
    for sub in subs:
        own = {"cosine": float(at["cosine"].sel({"sub": sub}))}
        own["id_acc"] = float(ids.sel({"sub": sub, "method": "retrieved"}))
        row.append(tile(f"sub-{sub}", int(at["index"].sel({"sub": sub})), **own))
    for method in ("oracle", "random"):
        alike = listeners.mean(ids.sel({"method": method}).values)  # the same in all listeners who have the clip
        row.append(tile(method, int(at[f"{method}_index"]), id_acc=alike))
    return row


def _sounds(rows: list[list[Tile]], sound: xr.Dataset, path: Path, folder: str, clip_s: float) -> dict:
    """Return the sound (sample,) behind each tile, by column and item."""
    rate_hz, place = float(sound.attrs["rate_hz"]), {str(c): i for i, c in enumerate(sound["clip"].values)}
    files = {item.name: item.path for item in audio_folder.items(Path(folder))} if folder else {}
    tiles = {tile[:2] for row in rows for tile in row if tile.item}
    for column, name in sorted(tiles):
        outside = bool(folder) and column != "stimulus"
        if name not in (files if outside else place):
            raise HeschlError(folder if outside else path, f"no sound of {name}", "it was heard or retrieved",
                              "Give the gallery that was searched")  # fmt: skip
    inside = sorted({name for column, name in tiles if not folder or column == "stimulus"})
    whole = sound["audio"].isel({"clip": [place[name] for name in inside]}).values  # at once: chunks hold many clips
    loaded = {(False, name): wave for name, wave in zip(inside, whole, strict=True)}
    sounds = {}
    for column, name in sorted(tiles):
        key = (bool(folder) and column != "stimulus", name)
        if key not in loaded:
            loaded[key] = audio_folder.read(files[name], rate_hz, clip_s)
        sounds[column, name] = loaded[key][: round(clip_s * rate_hz)]
    return sounds


def _paint(axes: Axes, sound: np.ndarray | None, rate_hz: float, clip_s: float):
    """Draw a spectrogram in decibels below its loudest point, low at the bottom; black if there is no sound."""
    if sound is None:
        level = np.full((2, N_MELS), -RANGE_DB)
    else:
        power = mel_power(sound, rate_hz, N_FFT, round(HOP_S * rate_hz), N_MELS)
        level = 10 * np.log10(np.maximum(power / max(power.max(), 1e-20), 1e-12))
    extent = (0, clip_s, 0, N_MELS)
    return axes.imshow(level.T, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE_DB, vmax=0, extent=extent)


def _says(tile: Tile, room: int) -> str:
    """Name a tile in `room` characters, and say how like the stimulus it is."""
    name = tile.item.rpartition("/")[2] if tile.column == "stimulus" else listeners.plain(tile.style) or tile.item
    lines = [name if len(name) <= room else name[: room - 1] + "…"]
    parts = (("cos", tile.cosine), ("id", tile.id_acc))
    lines.append("  ".join(f"{n} {listeners.short(v)}" for n, v in parts if np.isfinite(v)))
    return "\n".join(line for line in lines if line)


def _below(found: xr.Dataset) -> str:
    """Say what the numbers above items are, and how many items were left out of the gallery."""
    text = (
        "cos: cosine of the decoded embedding and the item's; id: identification accuracy of the item in another "
        "model's space (chance .5)."
    )
    if "excluded" not in found:
        return text
    n = found["excluded"].max("fold").to_series()
    return text + (
        f"\nOf {found.sizes['item']} items left out: {n['stimulus']} stimuli, {n['track']} more of their tracks, "
        f"{n['near']} near-duplicates" + (" (in the fold with most)." if found.sizes["fold"] > 1 else ".")
    )


def _mel(hz: float) -> float:
    """Return mels on the scale of `mel_power`."""
    return hz * KNEE_MEL / KNEE_HZ if hz < KNEE_HZ else KNEE_MEL + float(np.log(hz / KNEE_HZ)) / STEP


def _frequencies(panels: np.ndarray, rate_hz: float) -> None:
    """Mark some frequencies on the mel scale, whose bands are of equal width."""
    hertz = [f for f in (500, 2000, 5000) if f < 0.9 * rate_hz / 2]
    places = [(N_MELS + 1) * _mel(f) / _mel(rate_hz / 2) - 0.5 for f in hertz]
    for axes in panels[:, 1:].ravel():
        axes.tick_params(axis="y", left=False)
    for axes in panels[:, 0]:
        axes.set_yticks(places, [f"{f / 1000:g}".removeprefix("0") for f in hertz])
        axes.tick_params(axis="y", labelsize=5, length=2, pad=1)


def _label(panels: np.ndarray, rows: list[list[Tile]], noise_subjects: Sequence[str]) -> None:
    """Write genres at the left, columns at the top, seconds below."""
    for axes, tiles in zip(panels[:, 0], rows, strict=True):
        axes.set_ylabel(listeners.plain(tiles[0].style) or tiles[0].item, fontsize=6)
    for axes in panels.ravel():
        axes.set(yticks=[], xticks=[])
    for axes in panels[-1]:
        axes.set_xticks(axes.get_xlim(), [f"{x:g}" for x in axes.get_xlim()])
        axes.set_xlabel("time (s)", labelpad=-5)
    for axes, tile in zip(panels[0], rows[0], strict=True):
        noise = tile.column.removeprefix("sub-") in noise_subjects
        several = sum(t.column.startswith("sub-") for t in rows[0]) > 1
        name = tile.column + (" (noise)" if noise else "")
        name += (",\nretrieved" if several else ", retrieved") * tile.column.startswith("sub-")
        axes.annotate(name, (0.5, 1), (0, 17), xycoords="axes fraction", textcoords="offset points", ha="center",
                      fontsize=7, fontweight="bold", color=style.GREY if noise else style.INK)  # fmt: skip
