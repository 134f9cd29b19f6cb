"""Products of small integers, exact, by the processor's dot products of bytes (AVX512-VNNI), which torch can use.

BLAS has no such thing: in float32 the same products take about four times as long.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Self

import numpy as np

MOST_VOXELS = 128  # whose scores fit into a byte
WORTH_PAIRS = 1_500_000_000  # distances of a whole searchlight: about where importing torch (a second or two) pays


class IntegerGram:
    """Multiply rows of int8 scores with one another. Several threads may do so at once."""

    def __init__(self) -> None:
        import torch

        self._torch = torch

    def __call__(self, some: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the products of rows (row, n) with others (other, n), both C-ordered int8: int32 (row, other)."""
        if self._torch.get_num_threads() != 1:  # of this thread
            self._torch.set_num_threads(1)
        return self._torch._int_mm(self._torch.from_numpy(some), self._torch.from_numpy(others).T).numpy()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Give torch its number of threads back in the end: to this thread, and to those that start later."""
        before = self._torch.get_num_threads()
        try:
            yield
        finally:
            self._torch.set_num_threads(before)

    @classmethod
    def where_it_pays(cls, n_distances: int) -> Self | None:
        """Return one if torch is loaded, or n_distances are worth that, and this processor multiplies bytes exactly.

        Older processors add two products in 16 bits, which the largest overflow: so the largest are tried.
        """
        if "torch" not in sys.modules and n_distances < WORTH_PAIRS:
            return None
        try:
            import torch
        except ImportError:
            return None
        fast = "AVX512" in torch.backends.cpu.get_cpu_capability() and torch.backends.mkldnn.is_available()
        if not fast or not hasattr(torch, "_int_mm"):
            return None
        gram, signs = cls(), np.random.default_rng(0).integers(0, 2, (64, MOST_VOXELS), np.int8) * 2 - 1
        with gram.at_work():
            tried = [(MOST_VOXELS - 1) * signs, np.full_like(signs, MOST_VOXELS - 1)]
            exact = all(np.array_equal(gram(s, s), s.astype(int) @ s.T.astype(int)) for s in tried)
        return gram if exact else None
