"""Do two clips sound alike to a tagger? Agreement of their top classes (Denk et al. 2023, class agreement).

The published classes are AudioSet's: 25 genres, 18 instruments, 6 moods. musicnn's 50 tags have fewer. Tags
that mean one thing form a class, whose score is the largest of theirs; tags that deny ("no vocals") are left
out. There are no moods among them but tempo, loudness and character, which stand in: not comparable with the
published number.
"""

import numpy as np

GROUPS = {
    "genres": {
        "classical": ("classical", "classic", "opera"),
        "electronic": ("electronic", "techno"),
        "rock": ("rock", "metal"),
        "pop": ("pop",),
        "indian": ("indian",),
        "country": ("country",),
        "ambient": ("ambient", "new age"),
        "dance": ("dance",),
    },
    "instruments": {
        "guitar": ("guitar",),
        "strings": ("strings", "violin", "cello"),
        "drums": ("drums", "beat", "beats"),
        "piano": ("piano",),
        "synth": ("synth",),
        "harpsichord": ("harpsichord",),
        "flute": ("flute",),
        "sitar": ("sitar",),
        "harp": ("harp",),
        "choir": ("choir", "choral"),
        "voice": ("vocal", "vocals", "voice", "singing", "male vocal", "female vocal", "male voice", "female voice"),
    },
    "moods": {
        "slow": ("slow",),
        "fast": ("fast",),
        "loud": ("loud",),
        "quiet": ("quiet",),
        "soft": ("soft",),
        "weird": ("weird",),
    },
}
TOP_N = {"genres": 2, "instruments": 2, "moods": 1}


def class_scores(tags: np.ndarray, names: list[str], group: str) -> np.ndarray:
    """Return (clip, class): the largest probability among the tags of each class of a group.

    Parameters
    ----------
    tags : (clip, tag) probabilities
    names : of the tags

    Raises
    ------
    ValueError
        If a tag of the group is missing.
    """
    place = {name: i for i, name in enumerate(names)}
    if missing := [tag for members in GROUPS[group].values() for tag in members if tag not in place]:
        raise ValueError(f"no tag {missing[0]!r}; wanted the tagger's 50 tags")
    return np.stack([tags[:, [place[tag] for tag in members]].max(1) for members in GROUPS[group].values()], 1)


def agreement(first: np.ndarray, second: np.ndarray, n: int) -> np.ndarray:
    """Share of the n best classes that two clips have in common, (clip,), from scores (clip, class) each."""
    tops = [np.argsort(-scores, axis=1, kind="stable")[:, :n] for scores in (first, second)]
    return (tops[0][:, :, None] == tops[1][:, None]).any(2).mean(1)
