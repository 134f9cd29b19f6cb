"""F4 of music_reconstruction: every prediction against every clip that could have been heard."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from heschl import store
from heschl.figures import participants, style

TITLE = "Predicted and real embeddings of the test clips"
CAPTION = (
    "A: Pearson correlation, in units of the training clips' mean and SD, of the embedding predicted from the "
    "responses to a clip (column) with the real embedding of a clip (row), averaged over listeners without the noise "
    "(canary); clips are sorted by genre, lines divide genres, white cells were not compared. B: the same averaged "
    "over pairs of genres, without a clip's pair with itself; a cell is empty where no other pair is left. A bright "
    "diagonal of blocks in A, and of B, shows that genres are told apart; only a diagonal brighter than its block "
    "shows that clips are. Published matrices are of the cosine in another space, from −.2 to 1."
)
CMAP = "RdBu_r"


def draw(*, scores: Path, route: str, png: Path, pdf: Path, table: Path) -> None:
    """Draw similarity (sub, route, clip, candidate) of a store of scores, and its means by genre."""
    found = participants.of_route(store.read(scores).load(), scores, route)
    matrix, who = _mean(found), participants.who(participants.noise_of(found))
    genres = _by_genre(matrix)
    limit = float(np.nanmax(np.abs(matrix.values))) if np.isfinite(matrix.values).any() else 1.0
    with style.sheet(style.DOUBLE, 3.5) as figure:
        clips, means = figure.subplots(1, 2)
        norm = Normalize(-limit, limit)
        image = _clips(clips, matrix, norm)
        _genres(means, genres, norm)
        bar = figure.colorbar(image, ax=[clips, means], shrink=0.75, aspect=28, pad=0.01, label="Pearson r")
        participants.short_ticks(bar.ax.yaxis)
        title = f"{participants.NAMES.get(route, route)}: {who}"
        clips.set_title(title, fontsize=7)
        style.letter(clips, "A")
        style.letter(means, "B")
    style.save(figure, _table(matrix, genres), png=png, pdf=pdf, table=table)


def _mean(found: xr.Dataset) -> xr.DataArray:
    """Average over listeners, (candidate, clip): real clips in rows; both sorted by genre, then name."""
    kept = participants.averaged(participants.noise_of(found))
    seen = found["similarity"].values[kept].astype(float)
    count = np.isfinite(seen).sum(0)
    mean = np.where(count, np.nansum(seen, 0) / np.maximum(count, 1), np.nan)
    coords = {name: found[name].values.astype(str) for name in ("clip", "candidate", "genre", "candidate_genre")}
    whole = xr.DataArray(
        mean.T,
        {
            "candidate": coords["candidate"],
            "clip": coords["clip"],
            "candidate_genre": ("candidate", coords["candidate_genre"]),
            "genre": ("clip", coords["genre"]),
        },
        ("candidate", "clip"),
    )
    return whole.isel(
        candidate=np.lexsort((coords["candidate"], coords["candidate_genre"])),
        clip=np.lexsort((coords["clip"], coords["genre"])),
    )


def _by_genre(matrix: xr.DataArray) -> xr.DataArray:
    """Average over pairs of genres (real, predicted), without pairs of a clip with itself."""
    own = matrix["candidate"].values[:, None] == matrix["clip"].values
    values = np.where(own, np.nan, matrix.values)
    real, said = (np.unique(matrix[name].values) for name in ("candidate_genre", "genre"))
    means = np.full((len(real), len(said)), np.nan)
    for i, of in enumerate(real):
        for j, to in enumerate(said):
            block = values[np.ix_(matrix["candidate_genre"].values == of, matrix["genre"].values == to)]
            if np.isfinite(block).any():
                means[i, j] = np.nanmean(block)
    return xr.DataArray(means, {"real": real, "predicted": said}, ("real", "predicted"))


def _clips(axes: Axes, matrix: xr.DataArray, norm: Normalize):
    image = axes.imshow(np.ma.masked_invalid(matrix.values), cmap=CMAP, norm=norm, interpolation="nearest")
    for name, ticks, line in (
        ("candidate_genre", axes.set_yticks, axes.axhline),
        ("genre", axes.set_xticks, axes.axvline),
    ):
        edges, middles, names = participants.genre_edges(matrix[name].values)
        for edge in edges[1:-1]:
            line(edge, color=style.INK, lw=0.5)
        turned = {"rotation": 90} if name == "genre" else {}
        ticks(middles, [participants.plain(n) for n in names], **turned)
    axes.tick_params(length=0)
    axes.set(xlabel="predicted from responses to clips of", ylabel="real clips of")
    return image


def _genres(axes: Axes, genres: xr.DataArray, norm: Normalize) -> None:
    axes.imshow(np.ma.masked_invalid(genres.values), cmap=CMAP, norm=norm, interpolation="nearest")
    for (i, j), value in np.ndenumerate(genres.values):
        if np.isfinite(value):
            dark = abs(value) > 0.6 * norm.vmax
            said = participants.number(value)
            axes.text(j, i, said, ha="center", va="center", fontsize=5.5, color="white" if dark else style.INK)
    axes.set_xticks(range(genres.shape[1]), [participants.plain(n) for n in genres["predicted"].values], rotation=90)
    axes.set_yticks(range(genres.shape[0]), [participants.plain(n) for n in genres["real"].values])
    axes.tick_params(length=0)
    axes.set(xlabel="predicted from responses to clips of", ylabel="real clips of")
    axes.set_title("mean over pairs of other clips", fontsize=7)


def _table(matrix: xr.DataArray, genres: xr.DataArray) -> pd.DataFrame:
    """List both panels' cells."""
    rows = [
        ("clip", str(real), str(said), str(one), str(two), value)
        for real, one, line in zip(
            matrix["candidate"].values, matrix["candidate_genre"].values, matrix.values, strict=True
        )
        for said, two, value in zip(matrix["clip"].values, matrix["genre"].values, line, strict=True)
    ]
    rows += [
        ("genre", "", "", str(real), str(said), float(genres.values[i, j]))
        for i, real in enumerate(genres["real"].values)
        for j, said in enumerate(genres["predicted"].values)
    ]
    return pd.DataFrame(rows, columns=["cell", "real", "predicted", "real_genre", "predicted_genre", "r"])
