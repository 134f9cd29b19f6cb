"""Numbers that papers print, with their sources, next to which ours are put (science.md A3, A4).

Tags: P, the full paper; C, code or notebook outputs that its authors published; calc, computed from those.
"""

from typing import NamedTuple

B2M = "Denk et al. 2023, arXiv 2307.11078, Table 2"
CIFERRI = "Ciferri et al. 2025, Sci Rep 15:42108"
CODE = "neoayanami/fmri-music-retrieve, printed"
N_CLIPS, N_LISTENERS = 60, 5  # of every number below: ds003720, official split


class Number(NamedTuple):
    """One published number, and where ours is found.

    kind : how ours is computed (a function of figures/published.py)
    embedding : the paper's; route : of ours; at : a k, a threshold, or seconds
    defects : numbers of the known defects (science.md A4) behind it
    """

    section: str
    name: str
    value: float
    spread: str
    source: str
    tag: str
    kind: str
    embedding: str
    route: str
    at: float = 0.0
    defects: tuple[int, ...] = ()


def numbers() -> list[Number]:
    """Return all numbers, in the order of the page."""
    return [*_brain2music(), *_reconstruction(), *_thresholds(), *_volumes(), *_voxels()]


def _brain2music() -> list[Number]:
    table = {  # id-acc test, train; r test, train: mean ± SD over 5 listeners
        "SoundStream-avg": ((0.674, 0.016), (0.764, 0.029), (0.184, 0.020), (0.255, 0.009)),
        "w2v-BERT-avg": ((0.837, 0.005), (0.941, 0.007), (0.113, 0.003), (0.167, 0.006)),
        "MuLan_text": ((0.817, 0.014), (0.877, 0.009), (0.181, 0.012), (0.245, 0.009)),
        "MuLan_music": ((0.876, 0.015), (0.992, 0.003), (0.307, 0.016), (0.538, 0.023)),
    }
    kinds = (("id-acc, test", "id_acc"), ("id-acc, train", "train"), ("r, test", "r"), ("r, train", "train"))
    return [
        Number(
            "Brain2Music, decoding",
            f"{name}: {what}",
            mean,
            f"± {sd:.3f}".replace("0.", "."),
            B2M,
            "P",
            kind,
            name,
            "roi",
        )
        for k, (what, kind) in enumerate(kinds)
        for name, values in table.items()
        for mean, sd in [values[k]]
    ]


def _reconstruction() -> list[Number]:
    section, own, code = "Music reconstruction", (1, 2, 3, 4, 6, 8, 11), (4, 7)
    rows = [
        ("id-acc, own decoder", 0.914, "CI .887 to .939", CIFERRI, "P", "id_acc", 0, own),
        ("id-acc, anatomical alignment", 0.796, "± .017", CIFERRI, "P", "aligned", 0, (*own, 5)),
        ("id-acc, counted with ≥ and itself", 0.9281, "± .021", CODE, "C", "id_acc", 0, code),
        ("the same, counted strictly (− 1/59)", 0.9112, "", CODE, "C, calc", "id_acc", 0, (4,)),
        ("clip is the first guess", 0.243, "", CODE, "C", "top_k", 1, (4,)),
        ("clip is among the first 3", 0.517, "", CODE, "C", "top_k", 3, (4,)),
        ("first guess is of its genre", 0.593, "", CODE, "C", "top_k_genre", 1, (4,)),
        ("genre is among the first 3", 0.800, "", CODE, "C", "top_k_genre", 3, (4,)),
        (
            "id-acc of knowing the genre only",
            0.958,
            "",
            "10 genres of 6 clips: (54 + 2.5) / 59",
            "calc",
            "oracle",
            0,
            (),
        ),
    ]
    return [
        Number(section, name, value, spread, source, tag, kind, "CLAP", "voxel", at, tuple(sorted(defects)))
        for name, value, spread, source, tag, kind, at, defects in rows
    ]


def _thresholds() -> list[Number]:
    values = {0.01: 0.8664, 0.025: 0.9005, 0.05: 0.9251, 0.075: 0.9126, 0.10: 0.9012, 0.15: 0.8525, 0.20: 0.8447}
    section = "Music reconstruction, id-acc by threshold of the voxels"
    return [
        Number(section, f"r > {t:g}".replace("0.", "."), value, "", CODE, "C", "threshold", "CLAP", "voxel", t, (4, 7))
        for t, value in values.items()
    ]


def _volumes() -> list[Number]:
    values = (0.726, 0.757, 0.779, 0.781, 0.767, 0.775, 0.760, 0.732, 0.723, 0.640)
    section = "Music reconstruction, id-acc of single volumes"
    return [
        Number(
            section,
            f"{4.5 + 1.5 * k:g} s after onset",
            v,
            "",
            CODE,
            "C",
            "volume",
            "CLAP",
            "voxel",
            4.5 + 1.5 * k,
            (7,),
        )
        for k, v in enumerate(values)
    ]


def _voxels() -> list[Number]:
    counts = {0.01: 38398, 0.02: 9612, 0.05: 3043, 0.07: 1434, 0.15: 324, 0.20: 253}
    section = "Music reconstruction, voxels by threshold (encoding, training cross-validation)"
    sources = {0.05: (CIFERRI, "P")}
    return [
        Number(
            section,
            f"r > {t:g}".replace("0.", "."),
            n,
            "",
            *sources.get(t, ("released masks, counted", "calc")),
            "voxels",
            "CLAP",
            "voxel",
            t,
            (4,),
        )  # fmt: skip
        for t, n in counts.items()
    ]
