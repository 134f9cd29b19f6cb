"""Listening: the trial list of a two-alternative forced choice ("which of these two is like the reference?").

The published test (science.md A4, defect 9) played the right answer first in every trial, so a listener who always
says "1" scored 100 %. Here its position is balanced and shuffled, and catch trials show who listened.
"""

from dataclasses import dataclass

import numpy as np

FOILS = ("same", "cross")  # genre of the foil: the target's, or another


@dataclass(frozen=True)
class Trial:
    """One question: the reference heard, the clip whose reconstruction is right, the other one, and where each is.

    `foil_genre` is "same", "cross" or "catch" (the right answer is the reference itself); `target_position` is 1 or 2;
    `seed` is the list's.
    """

    reference: str
    target: str
    foil: str
    foil_genre: str
    target_position: int
    seed: int


def trials(
    clips: list[str], genres: list[str], seed: int, *, n_catch: int = 0, as_published: bool = False
) -> list[Trial]:
    """Draw one trial a clip, foils half of the same genre and half of another, and catch trials among them.

    Parameters
    ----------
    clips, genres : names (clip,) and the genre of each
    seed : of every draw; recorded in each trial
    n_catch : catch trials, with a foil of another genre
    as_published : put the target first in every trial, without catch trials, foils of any genre, as the paper did

    Raises
    ------
    ValueError
        If a clip is named twice, or a foil of some kind can't be had.
    """
    if len(set(clips)) != len(clips) or len(clips) != len(genres):
        raise ValueError(
            f"{len(clips)} clips, {len(set(clips))} of them distinct, {len(genres)} genres: wanted as many"
        )
    rng = np.random.default_rng([seed, 0])
    if as_published:
        return [Trial(c, c, str(rng.choice([o for o in clips if o != c])), "any", 1, seed) for c in clips]
    asked = [(int(i), FOILS[k % 2]) for k, i in enumerate(rng.permutation(len(clips)))]
    if n_catch:
        asked += [(int(i), "catch") for i in rng.choice(len(clips), n_catch, replace=n_catch > len(clips))]
    drawn = [(clips[i], _foil(rng, clips, genres, i, kind), kind) for i, kind in asked]
    made = [Trial(c, c, foil, kind, p, seed) for (c, foil, kind), p in zip(drawn, _positions(rng, asked), strict=True)]
    return [made[i] for i in rng.permutation(len(made))]


def _positions(rng: np.random.Generator, asked: list[tuple[int, str]]) -> list[int]:
    """1 or 2 for each trial, as often each (but for one) within every kind of foil."""
    position = np.zeros(len(asked), int)
    for kind in dict.fromkeys(k for _, k in asked):
        where = np.array([i for i, (_, k) in enumerate(asked) if k == kind])
        position[where] = rng.permutation((np.arange(len(where)) + rng.integers(2)) % 2 + 1)
    return position.tolist()


def _foil(rng: np.random.Generator, clips: list[str], genres: list[str], i: int, kind: str) -> str:
    wanted = [c for j, c in enumerate(clips) if j != i and (genres[j] == genres[i]) == (kind == "same")]
    if not wanted:
        raise ValueError(f"clip {clips[i]} has no foil of {'its own' if kind == 'same' else 'another'} genre")
    return wanted[int(rng.integers(len(wanted)))]
