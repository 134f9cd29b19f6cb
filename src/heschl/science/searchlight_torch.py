"""The searchlight of Spearman distances and comparisons on a GPU, by torch: the same integers, so the same bits.

A batch of centres goes through the steps of heschl.science.sphere_ranks together: score, multiply, count, add up,
look up. Null values are in double precision. Centres with ties are left to the CPU. Scores are whole numbers below the
size of a sphere, so that bfloat16 holds them exactly up to 256 voxels, and their products are below 2^24, which single
precision holds.
"""

from collections.abc import Callable

import numpy as np
import torch

from heschl.science.clip_nulls import ClipNulls
from heschl.science.pair_products import PairProducts
from heschl.science.permuted_models import PermutedModels
from heschl.science.sphere_vectors import SphereVectors

BATCH_VALUES = 1 << 27  # pairs and counts held on the device: half a gigabyte of each
NULL_VALUES = 1 << 26
LARGEST = 256  # voxels of a sphere


class DeviceWork:
    """Do a searchlight's work on a device; centres with ties are done by the CPU.

    Parameters
    ----------
    work : what the CPU does with centres
    vectors, products, nulls, neighbours : of the searchlight
    out : its results, which are filled
    device : of torch, such as "cuda" or "cpu"

    Raises
    ------
    ValueError
        If something else is asked for than a device can do.
    """

    def __init__(
        self,
        work: Callable[[np.ndarray], int],
        vectors: SphereVectors,
        products: PairProducts,
        nulls: ClipNulls | PermutedModels | None,
        neighbours: np.ndarray | list[np.ndarray],
        out: tuple[np.ndarray, np.ndarray | None, np.ndarray | None],
        device: str,
    ) -> None:
        if not vectors.exact or isinstance(nulls, PermutedModels) or not isinstance(neighbours, np.ndarray):
            given = f"device {device!r} with other than Spearman's ranks, spheres of one size, permutations of clips"
            raise ValueError(f"{given}; wanted those, or no device")
        self.spheres = TorchSpheres(vectors.levels, products, nulls, neighbours.shape[1], device)
        self.work, self.neighbours, self.out = work, neighbours, out

    def __call__(self, centres: np.ndarray) -> int:
        """Fill the results of centres (centre,); return how many there are."""
        rho, null_max, null_mean = self.out
        rho[centres], largest, mean, tied = self.spheres(self.neighbours[centres])
        if largest is not None:
            null_max[:, centres], null_mean[centres] = largest, mean
        for centre in centres[tied]:
            self.work(np.array([centre]))
        return len(centres)


class TorchSpheres:
    """Spheres of one searchlight on a device.

    Parameters
    ----------
    levels : integers (voxel, volume), in the order of the values of each volume
    products : of the models, exact
    nulls : of permutations of whole clips, or None
    device : of torch, such as "cuda" or "cpu"

    Raises
    ------
    ValueError
        If spheres have more than 256 voxels.
    """

    def __init__(
        self, levels: np.ndarray, products: PairProducts, nulls: ClipNulls | None, n_voxels: int, device: str
    ) -> None:
        if n_voxels > LARGEST:
            raise ValueError(f"spheres of {n_voxels} voxels; wanted {LARGEST} at most on a GPU")
        self.device, self.n = torch.device(device), n_voxels
        self.full = (n_voxels**3 - n_voxels) // 3
        self.levels = self._put(levels)
        row, column = np.triu_indices(levels.shape[1], 1)
        self.pair = self._put((row * levels.shape[1] + column)[products.keep])
        self.models = self._put(products.models[:, products.keep].astype(np.float64)).T.contiguous()
        self.norms = self._put(products.norms)
        self.nulls = None if nulls is None else _TorchNulls(nulls, products.keep, self._put)
        self.half = torch.float32 if self.device.type == "cpu" else torch.bfloat16
        held = len(self.pair) + self.full // 2
        products_held = 2 * len(nulls.between) ** 2 * nulls.n_models if nulls else 1
        self.batch = max(1, min(BATCH_VALUES // held, NULL_VALUES // products_held))

    @torch.no_grad()
    def __call__(self, members: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None, np.ndarray]:
        """Compare spheres (centre, n): rho, null_max, null_mean as searchlight's, and which centres have ties.

        What stands for those with ties is to be replaced.
        """
        scores, tied = self._scores(self.levels[self._put(members.astype(np.int64))].transpose(1, 2))
        product = torch.bmm(scores, scores.transpose(1, 2)).flatten(1)[:, self.pair]
        code = ((self.full - product.double()) / 4).to(torch.int64)
        counts = torch.zeros(len(code), self.full // 2 + 2, dtype=torch.int32, device=self.device)
        counts.scatter_add_(1, code, torch.ones_like(code, dtype=torch.int32))
        table = 2 * counts.cumsum(1, dtype=torch.int32) - counts - code.shape[1]
        ranks = table.gather(1, code).double()
        norm = ranks.square().sum(1).sqrt()[:, None] * self.norms
        rho = (ranks @ self.models / norm).cpu().numpy()
        if self.nulls is None:
            return rho, None, None, tied.cpu().numpy()
        largest, mean = self.nulls(ranks, norm)
        return rho, largest.cpu().numpy(), mean.cpu().numpy(), tied.cpu().numpy()

    def _scores(self, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return scores (centre, volume, voxel) of integer levels, and which centres have equal ones in a volume."""
        ordered, order = values.sort(-1)
        place = 2 * torch.arange(self.n, device=self.device) - (self.n - 1)
        scores = torch.empty(values.shape, dtype=self.half, device=self.device)
        scores.scatter_(-1, order, place.to(self.half).expand(values.shape))
        return scores, (ordered[..., 1:] == ordered[..., :-1]).flatten(1).any(1)

    def _put(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


class _TorchNulls:
    """ClipNulls on a device: the products of blocks by matrix products, then each permutation's sum of them."""

    def __init__(self, nulls: ClipNulls, keep: np.ndarray, put) -> None:
        n_clips, n_blocks = nulls.orders.shape[1], len(nulls.between)
        where = np.where(keep, np.cumsum(keep) - 1, keep.sum())  # a column of zeros stands for pairs left out
        self.between, self.within = put(where[nulls.between]), put(where[nulls.within])
        self.low, self.high = put(nulls.low), put(nulls.high)
        self.plus, self.minus = put(nulls.plus.astype(float)), put(nulls.minus.astype(float))
        self.own = None if nulls.own is None else put(nulls.own.astype(float))
        first, second = np.triu_indices(n_clips, 1)
        block = np.zeros((n_clips, n_clips), np.int64)
        block[first, second] = block[second, first] = np.arange(n_blocks)
        a, b = nulls.orders[:, first], nulls.orders[:, second]
        self.taken = put(np.arange(n_blocks) * n_blocks + block[a, b])  # (permutation, block)
        self.sign = put(np.where(a < b, 1.0, -1.0))
        self.places = put(np.arange(n_clips) * n_clips + nulls.orders)
        self.n_models = nulls.n_models

    def __call__(self, ranks: torch.Tensor, norm: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (permutation, centre), the largest over models, and (centre, model), the mean over permutations."""
        padded = torch.cat([ranks, torch.zeros_like(ranks[:, :1])], 1)
        blocks = padded[:, self.between]
        down, up = blocks[..., self.low, self.high], blocks[..., self.high, self.low]
        plus = torch.cat([2 * blocks.diagonal(dim1=2, dim2=3), up + down], -1)
        shape = (len(ranks), -1, self.n_models)
        ahead, turned = (plus @ self.plus).reshape(shape), ((up - down) @ self.minus).reshape(shape)
        own = None if self.own is None else (padded[:, self.within] @ self.own).reshape(shape)
        largest, total = [], torch.zeros_like(norm)
        for p, taken in enumerate(self.taken):
            found = ahead[:, taken].sum(1) + (self.sign[p][:, None] * turned[:, taken]).sum(1)
            if own is not None:
                found = found + 2 * own[:, self.places[p]].sum(1)
            r = found / 2 / norm
            largest.append(r.amax(1))
            total += r
        largest = torch.stack(largest) if largest else norm.new_empty(0, len(norm))
        return largest, total / max(1, len(self.taken))
