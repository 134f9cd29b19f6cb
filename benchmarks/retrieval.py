"""Exact cosine search of 60 queries in 100,000 embeddings of 512 numbers: numpy, torch and faiss.

    python benchmarks/retrieval.py [rounds, 15 by default]

Ten neighbours of each; two threads; the gallery is normalized (and, for faiss, added to its index) before. Timed in
turns, medians of wall time. faiss is compared where it's installed (faiss-cpu); the package doesn't need it.
"""

import os
import sys
import time

THREADS = 2
os.environ |= {n: str(THREADS) for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

import numpy as np  # noqa: E402
import torch  # noqa: E402

ITEMS, QUERIES, FEATURES, K = 100_000, 60, 512, 10


def scene():
    """Return unit vectors gallery (item, feature) and queries (query, feature), each near an item."""
    rng = np.random.default_rng(0)
    gallery = rng.standard_normal((ITEMS, FEATURES), dtype="f4")
    queries = gallery[rng.choice(ITEMS, QUERIES)] + 2 * rng.standard_normal((QUERIES, FEATURES), dtype="f4")
    return (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (gallery, queries))


def by_numpy(gallery, queries):
    cosine = queries @ gallery.T
    some = np.argpartition(cosine, -K, axis=1)[:, -K:]
    order = np.argsort(-np.take_along_axis(cosine, some, 1), axis=1)
    return np.take_along_axis(some, order, 1)


def by_torch(gallery, queries):
    return (queries @ gallery.T).topk(K, dim=1).indices


def main(rounds: int) -> None:
    torch.set_num_threads(THREADS)
    gallery, queries = scene()
    tensors = torch.from_numpy(gallery), torch.from_numpy(queries)
    ways = {"torch": lambda: by_torch(*tensors).numpy(), "numpy": lambda: by_numpy(gallery, queries)}
    try:
        import faiss

        faiss.omp_set_num_threads(THREADS)
        index = faiss.IndexFlatIP(FEATURES)
        index.add(gallery)
        ways["faiss IndexFlatIP"] = lambda: index.search(queries, K)[1]
    except ImportError:
        print("install faiss-cpu to compare with faiss")
    reference = ways["numpy"]()
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            found = way()
            spent[name].append(time.perf_counter() - start)
            assert (found == reference).all(), f"{name} finds other neighbours than numpy"
    print(f"{QUERIES} queries, {ITEMS} items, {FEATURES} features, the {K} nearest; all find the same")
    for name, times in spent.items():
        middle = np.median(times)
        print(f"{name:20s} {1000 * middle:8.1f} ms   {middle / np.median(spent['torch']):5.2f} x torch")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
