"""How fast the tagger learns, and whether its loader keeps up, on a made-up corpus laid out as MagnaTagATune's store.

    python benchmarks/tagger.py [--clips 512] [--width 64] [--batch 36] [--workers 0] [--steps 20] [--compile]

Clips of 29 s of noise, int16, one chunk each, 64 to a shard (noise compresses worse than music: the loader's worst
case). Reads excerpts of 50,176 samples at random from that store; trains by the same Lightning module, on a GPU where
there is one (bf16), else on the CPU (float32). Three numbers, in clips/s: loading alone, training on a batch that stays
in memory, and both together; and what an epoch of 18,706 clips would take.
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from heschl import sharded, store
from heschl.nets.excerpts import Batches, Examples, Recipe
from heschl.nets.resnet18_1d import ResNet18
from heschl.nets.tagger import Tagger

SAMPLES, ROWS, TAGS, EPOCH = 464_000, 64, 50, 18_706


def corpus(folder: Path, n_clips: int) -> Examples:
    path = folder / "corpus.zarr"
    rng = np.random.default_rng(0)
    n_clips = -(-n_clips // ROWS) * ROWS
    blocks = (rng.normal(0, 3000, (ROWS, SAMPLES)).astype(np.int16) for _ in range(n_clips // ROWS))
    small = xr.Dataset({"seconds": ("clip", np.full(n_clips, 29.1), {"units": "s"})})
    about = {"name": "audio", "dims": ("clip", "sample"), "shape": (n_clips, SAMPLES), "rows": ROWS}
    sharded.write(path, blocks, lambda: small, **about)
    store.read(path)
    present = rng.random((n_clips, TAGS)) < 0.05
    tags, style = torch.from_numpy(present.astype(np.float32)), torch.zeros(n_clips, dtype=torch.int64)
    return Examples(sharded.read(path, "audio"), tags, present, style)


def loader(heard: Examples, recipe: Recipe, n_steps: int) -> torch.utils.data.DataLoader:
    workers = recipe.workers
    return torch.utils.data.DataLoader(
        Batches(heard, recipe),
        batch_size=None,
        sampler=range(n_steps),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def per_second(batches: Iterator, use, batch: int, n_warm: int = 3) -> float:
    """Clips a second after the first few batches."""
    batches = iter(batches)
    for _ in range(n_warm):
        use(next(batches))
    finish()
    start, n = time.perf_counter(), 0
    for one in batches:
        use(one)
        n += 1
    finish()
    return n * batch / (time.perf_counter() - start)


def finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def trainer(heard: Examples, recipe: Recipe, width: int):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    learner = Tagger(ResNet18(TAGS, width), heard, heard, recipe).to(device).train()
    learner.on_fit_start()
    adam = learner.configure_optimizers()

    def step(batch) -> None:
        batch = [part.to(device, non_blocking=True) for part in batch]
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            loss = learner.training_step(batch, 0)
        learner.losses.clear()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    return step


def main(options: argparse.Namespace) -> None:
    plain = {"epochs": 1, "steps_per_epoch": options.steps, "style_weight": 0.0, "patience": 1, "seed": 0}
    recipe = Recipe(
        batch=options.batch, excerpt_samples=50_176, workers=options.workers, compile=options.compile, **plain
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        heard = corpus(Path(folder), options.clips)
        print(f"{heard.audio.shape[0]} clips written in {time.perf_counter() - start:.0f} s")
        n_steps, step = options.steps + 3, trainer(heard, recipe, options.width)
        held = next(iter(loader(heard, recipe, 1)))
        alone = per_second(loader(heard, recipe, n_steps), lambda batch: None, options.batch)
        learning = per_second([held] * n_steps, step, options.batch)
        both = per_second(loader(heard, recipe, n_steps), step, options.batch)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    print(f"{gpu or platform.processor() or 'CPU'}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print("| width | batch | workers | compiled | loading | training | both | epoch of 18,706 clips |")
    print("|---|---|---|---|---|---|---|---|")
    how = f"| {options.width} | {options.batch} | {options.workers} | {'yes' if options.compile else 'no'} "
    print(f"{how}| {alone:.0f} | {learning:.1f} | {both:.1f} | {EPOCH / both:.0f} s |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, value in {"clips": 512, "width": 64, "batch": 36, "workers": 0, "steps": 20}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--compile", action="store_true")
    main(parser.parse_args())
