"""Compare vectors of distances with those of models: products of prepared vectors, over their norms."""

import numba
import numpy as np

from heschl.science.kendall import tau_a

TILE = 2048  # pairs: those of four centres and of a model stay in the nearest cache
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)  # integers sum up in any order


class PairProducts:
    """Prepared vectors (heschl.science.pair_vectors) of models, and what compares others with them.

    Parameters
    ----------
    models : (model, pair), 0 where a pair isn't chosen
    keep : (pair,), which are
    comparison : "tau-a", else the cosine of prepared vectors
    exact : whether all vectors hold integers that float32 can hold
    """

    def __init__(self, models: np.ndarray, keep: np.ndarray, comparison: str, exact: bool) -> None:
        self.models, self.keep = models.astype(np.float32) if exact else models, keep
        self.tau, self.exact = comparison == "tau-a", exact
        self.norms = np.sqrt(np.einsum("mp,mp->m", models, models))

    def norm(self, vectors: np.ndarray) -> np.ndarray:
        """Return what the products of vectors (centre, pair) are divided by, (centre, model)."""
        own = squared_norms(vectors) if self.exact else np.einsum("cp,cp->c", vectors, vectors)
        return np.sqrt(own)[:, None] * self.norms

    def __call__(self, vectors: np.ndarray, models: np.ndarray | None = None) -> np.ndarray:
        """Compare vectors (centre, pair) with the models, or with permutations (permutation * model, pair) of them.

        Exact ones in double precision go through one matrix product: whatever its order, their sums are integers.
        """
        models = self.models if models is None else models
        if self.tau:
            return np.array([[tau_a(v[self.keep], m[self.keep]) for m in models] for v in vectors])
        out = np.empty((len(vectors), len(models)))
        if self.exact and models.dtype == np.float32:
            integer_products(vectors, models, out)
        elif self.exact:
            np.matmul(vectors.astype(np.float64), models.T, out=out)
        else:
            for c, vector in enumerate(vectors):  # one by one, so that no block changes a bit
                out[c] = models @ vector
        return out / np.tile(self.norm(vectors), len(models) // len(self.models))


@_compiled
def integer_products(ranks, models, out):
    """Fill out (centre, model) with the products of ranks (centre, pair) and models (model, pair), float32 integers.

    Exact while a sum stays below 2^53: up to 300,000 pairs, 775 volumes.
    """
    out[:] = 0
    n_models, four = len(models), len(ranks) // 4 * 4
    for start in range(0, ranks.shape[1], TILE):
        stop = min(ranks.shape[1], start + TILE)
        for c in range(
            0, four, 4
        ):  # four centres with two models: each number is made double once for several products
            a, b, d, e = (
                ranks[c, start:stop],
                ranks[c + 1, start:stop],
                ranks[c + 2, start:stop],
                ranks[c + 3, start:stop],
            )
            for m in range(0, n_models - 1, 2):
                first, second = models[m, start:stop], models[m + 1, start:stop]
                s, t, u, v, w, x, y, z = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
                for p in range(len(first)):
                    one, two = np.float64(first[p]), np.float64(second[p])
                    i, j, k, q = np.float64(a[p]), np.float64(b[p]), np.float64(d[p]), np.float64(e[p])
                    s += one * i
                    t += one * j
                    u += one * k
                    v += one * q
                    w += two * i
                    x += two * j
                    y += two * k
                    z += two * q
                out[c, m] += s
                out[c + 1, m] += t
                out[c + 2, m] += u
                out[c + 3, m] += v
                out[c, m + 1] += w
                out[c + 1, m + 1] += x
                out[c + 2, m + 1] += y
                out[c + 3, m + 1] += z
        for c in range(len(ranks)):  # what is left over
            own = ranks[c, start:stop]
            for m in range(n_models // 2 * 2 if c < four else 0, n_models):
                s, model = 0.0, models[m, start:stop]
                for p in range(len(model)):
                    s += np.float64(model[p]) * np.float64(own[p])
                out[c, m] += s


@_compiled
def squared_norms(ranks):
    """Return the sums of squares (centre,) of integers (centre, pair), exact as `integer_products`."""
    out = np.zeros(len(ranks))
    for c in range(len(ranks)):
        s = 0.0
        for p in range(ranks.shape[1]):
            s += np.float64(ranks[c, p]) * np.float64(ranks[c, p])
        out[c] = s
    return out
