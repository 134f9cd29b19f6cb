"""Which candidate did the decoder mean? Identification from similarities, with ties worth one half.

Everywhere `similarity` is (item, candidate), NaN where a candidate doesn't stand against an item (another
fold's, another genre's), and `truth` (item,) is the index of each item's own candidate. Tied candidates come
in random order: a decoder that says the same of everyone scores chance in every number, exactly.
science.md A3 Metrics, A4 defect 7, (e) 2; chance is .5, with SD .038 over 60 independent items.
"""

import numpy as np
from scipy.special import gammaln
from scipy.stats import rankdata

TIE_DECIMALS = 10  # similarities that agree so far are tied: rounding must not order them


def correlate(predicted: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Pearson correlation of rows, (item, feature) with (candidate, feature); 0 where a row is constant.

    Raises
    ------
    ValueError
        If the features differ in number, or are fewer than two, or any value isn't finite.
    """
    if predicted.shape[1] != candidates.shape[1] or predicted.shape[1] < 2:
        given = f"{predicted.shape[1]} and {candidates.shape[1]} features"
        raise ValueError(f"{given}; wanted as many in predictions and candidates, two at least")
    if not (np.isfinite(predicted).all() and np.isfinite(candidates).all()):
        raise ValueError("a prediction or candidate holds NaN or infinity; wanted finite values")
    return np.clip(_unit(predicted) @ _unit(candidates).T, -1, 1)


def id_acc_matrix(similarity: np.ndarray, as_published: bool = False) -> np.ndarray:
    """Share of the other candidates below each candidate, (item, candidate): id-acc if that were the truth.

    Ties count one half. as_published=True counts >= and the candidate itself, so 1 / (n - 1) too much and
    ties in full (defect 7). NaN where similarity is, and where an item has one candidate only.
    """
    rounded, n = np.round(similarity, TIE_DECIMALS), np.isfinite(similarity).sum(1)[:, None]
    below = rankdata(rounded, "max" if as_published else "average", axis=1, nan_policy="omit")
    below -= 0 if as_published else 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(similarity) & (n > 1), below / (n - 1), np.nan)


def id_acc(similarity: np.ndarray, truth: np.ndarray, as_published: bool = False) -> np.ndarray:
    """Identification accuracy of each item, (item,): share of the other candidates less similar than its own.

    id-acc_i = 1/(n-1) sum_j [C_ii > C_ij] + [C_ii = C_ij] / 2 (Denk et al. 2023, strict). NaN for an item with no
    other candidate.

    Raises
    ------
    ValueError
        If an item's own candidate is missing or its similarity is NaN.
    """
    above, tied, others = _counts(similarity, truth)
    better = others - above + 1 if as_published else others - above - tied / 2
    return np.where(others > 0, better / np.maximum(others, 1), np.nan)


def n_way(similarity: np.ndarray, truth: np.ndarray, way: int) -> np.ndarray:
    """Chance (item,) that the own candidate wins against way - 1 random others: exact; NaN if there are fewer.

    With b others below it, C(b, way - 1) / C(n, way - 1), averaged over the orders of ties; n_way(2) = id_acc.
    """
    above, tied, others = _counts(similarity, truth)
    drawn, result = way - 1, np.full(len(truth), np.nan)
    for i in np.flatnonzero(others >= drawn):
        below = others[i] - above[i] - np.arange(tied[i] + 1)
        result[i] = _ratio(below, others[i], drawn).mean()
    return result


def top_k(similarity: np.ndarray, truth: np.ndarray, k: int) -> np.ndarray:
    """Chance (item,) that the own candidate is among the k most similar (retrieval at k)."""
    above, tied, _ = _counts(similarity, truth)
    return np.clip((k - above) / (tied + 1), 0, 1)


def reciprocal_rank(similarity: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the expected 1 / rank of the own candidate, (item,); the mean is the mean reciprocal rank."""
    above, tied, _ = _counts(similarity, truth)
    return np.array([np.mean(1 / (a + 1 + np.arange(t + 1))) for a, t in zip(above, tied, strict=True)])


def top_k_genre(similarity: np.ndarray, genre: np.ndarray, candidate_genre: np.ndarray, k: int) -> np.ndarray:
    """Chance (item,) that one of the k most similar candidates has the item's genre.

    Parameters
    ----------
    genre, candidate_genre : names (item,) and (candidate,)
    """
    rounded, same = np.round(similarity, TIE_DECIMALS), genre[:, None] == candidate_genre
    best = np.where(same & np.isfinite(rounded), rounded, -np.inf).max(1)[:, None]
    above, tied = (rounded > best).sum(1), rounded == best
    size, strangers = tied.sum(1), (tied & ~same).sum(1)
    places = np.clip(k - above, 0, size)  # of the k, what is left for the tied
    missed = [_ratio(np.array([s]), n, m)[0] for s, n, m in zip(strangers, size, places, strict=True)]
    return np.where(np.isfinite(best[:, 0]), 1 - np.array(missed), 0.0)


def same_genre_only(similarity: np.ndarray, genre: np.ndarray, candidate_genre: np.ndarray) -> np.ndarray:
    """Keep the candidates of the item's genre, NaN for the others: their id_acc is the within-genre id-acc."""
    return np.where(genre[:, None] == candidate_genre, similarity, np.nan)


def genre_oracle(genre: np.ndarray, candidate_genre: np.ndarray, stands: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """id_acc (item,) of someone who knows the genre and nothing else: .958 for 10 genres of 6 clips.

    Parameters
    ----------
    stands : bool (item, candidate), who stands against whom
    """
    return id_acc(np.where(stands, (genre[:, None] == candidate_genre).astype(float), np.nan), truth)


def confusion(similarity: np.ndarray, genre: np.ndarray, candidate_genre: np.ndarray, names: list[str]) -> np.ndarray:
    """Count the genre of the most similar candidate, (genre, predicted_genre); tied ones share the count."""
    rounded = np.round(similarity, TIE_DECIMALS)
    first = rounded == np.nanmax(rounded, 1, keepdims=True)
    share = first / first.sum(1, keepdims=True)
    return _one_hot(genre, names).T @ share @ _one_hot(candidate_genre, names)


def previous_clip(
    similarity: np.ndarray,
    truth: np.ndarray,
    previous: np.ndarray,
    genre: np.ndarray,
    candidate_genre: np.ndarray,
) -> np.ndarray:
    """Identify the clip heard just before, (item,): chance unless it carries over (defect 11).

    The item's own candidate doesn't stand, nor its genre, unless the previous clip shares it: a good decoder
    ranks those high, which would push every other clip, and so the previous one, below chance.

    Parameters
    ----------
    previous : (item,) index of the candidate heard before, -1 for none: NaN
    """
    rows = np.arange(len(truth))
    scores = previous_matrix(similarity, truth, genre, candidate_genre)[rows, previous]
    return np.where(previous >= 0, scores, np.nan)


def previous_matrix(
    similarity: np.ndarray, truth: np.ndarray, genre: np.ndarray, candidate_genre: np.ndarray
) -> np.ndarray:
    """Score of previous_clip for every candidate (item, candidate), if that had been heard just before.

    NaN for the own candidate and where similarity is.
    """
    alike = genre[:, None] == candidate_genre
    others = np.array(similarity, float)
    others[np.arange(len(truth)), truth] = np.nan
    return np.where(alike, id_acc_matrix(others), id_acc_matrix(np.where(alike, np.nan, others)))


def without_run_mean(predicted: np.ndarray, run: np.ndarray) -> np.ndarray:
    """Subtract each run's mean prediction (item, feature), so that a run's offset can't point to its clips.

    Items that are alone in their run become NaN. `run` (item,) is any grouping; where folds have their own decoders
    it should be of fold and run (trading.groups), as predictions of several decoders have no common mean.

    What is left of the n items of a run sums to 0: any two correlate by -1 / (n - 1), and of two, one is the other's
    negative. Items are then no longer independent, most in small runs, so a mean over them varies more, or less, than
    that of as many items (chance stays .5). Each item also loses a share of the others of its run, which sets it off
    from those distractors; and a run of one genre loses its genre.
    """
    _, group, size = np.unique(run, return_inverse=True, return_counts=True)
    means = np.stack([predicted[group == g].mean(0) for g in range(len(size))])
    return np.where((size > 1)[group][:, None], predicted - means[group], np.nan)


def permute_truth(truth: np.ndarray, block: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return (permutation, item): truths traded among the items of a block, each drawn from its own seed."""
    permuted = np.tile(truth, (n, 1))
    places = [np.flatnonzero(block == b) for b in np.unique(block)]
    for row, traded in enumerate(permuted):
        rng = np.random.default_rng([seed, row])
        for place in places:
            traded[place] = truth[rng.permutation(place)]
    return permuted


def null(matrix: np.ndarray, permuted: np.ndarray) -> np.ndarray:
    """Mean id-acc of each permutation, (permutation,), from id_acc_matrix and permute_truth."""
    return np.nanmean(matrix[np.arange(matrix.shape[0]), permuted], 1) if len(permuted) else np.empty(0)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Centre rows and scale them to length 1; constant rows, up to rounding, become 0."""
    rows = np.asarray(rows, float)
    centred = rows - rows.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    constant = length <= 1e-12 * np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(constant, 0, centred / np.where(constant, 1, length))


def _own(similarity: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the own candidate's rounded similarity (item, 1)."""
    if len(truth) != len(similarity) or len(truth) and not 0 <= truth.min() <= truth.max() < similarity.shape[1]:
        raise ValueError(f"the truth is no candidate; wanted {len(similarity)} indices below {similarity.shape[1]}")
    own = np.round(similarity[np.arange(len(truth)), truth], TIE_DECIMALS)[:, None]
    if np.isnan(own).any():
        raise ValueError("an item's own candidate doesn't stand against it; wanted the truth among the candidates")
    return own


def _counts(similarity: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how many other candidates are above the own one, tied with it, and how many there are."""
    own, rounded = _own(similarity, truth), np.round(similarity, TIE_DECIMALS)
    return (rounded > own).sum(1), (rounded == own).sum(1) - 1, np.isfinite(similarity).sum(1) - 1


def _ratio(below: np.ndarray, n: int, drawn: int) -> np.ndarray:
    """C(below, drawn) / C(n, drawn): all of `drawn` without replacement come from `below` of n."""

    def log_choose(m: np.ndarray) -> np.ndarray:
        return gammaln(m + 1.0) - gammaln(m - drawn + 1.0)

    possible = np.maximum(below, drawn)
    return np.where(below >= drawn, np.exp(log_choose(possible) - log_choose(np.asarray(n))), 0.0)


def _one_hot(values: np.ndarray, names: list[str]) -> np.ndarray:
    return (np.asarray(values)[:, None] == np.asarray(names)).astype(float)
