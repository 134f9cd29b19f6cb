"""exp() of 230,400 float32 numbers a thousand times: the benchmark by which Geng chose a GPU (science.md A2).

    python benchmarks/exp_elements.py [rounds, 5 by default]

Wall-clock seconds, the best round of each, in turns, as other work on the machine slows some. Outputs are compared
with numpy's in float64 first.
"""

import sys
import time

import numpy as np
import torch

ELEMENTS, CALLS = 230_400, 1000
PUBLISHED = {"CPU (Geng)": 2.91, "TITAN X (Geng)": 0.849}


def on_numpy(x: np.ndarray):
    out = np.empty_like(x)
    return lambda: np.exp(x, out=out)


def on_torch(x: np.ndarray, device: str, threads: int = 1):
    given = torch.from_numpy(x).to(device)
    out = torch.empty_like(given)

    def run():
        if device == "cpu" and torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        return torch.exp(given, out=out)

    return run


def ways(x: np.ndarray) -> dict:
    found = {"numpy, 1 thread": on_numpy(x)}
    found |= {f"torch, {n} thread{'s' * (n > 1)}": on_torch(x, "cpu", n) for n in (1, 2)}
    if torch.cuda.is_available():
        found[f"torch, {torch.cuda.get_device_name()}"] = on_torch(x, "cuda")
    return found


def seconds(run) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        last = run()
    if torch.is_tensor(last) and last.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main(rounds: int) -> None:
    x = np.random.default_rng(0).random(ELEMENTS, dtype=np.float32)
    wanted, found = np.exp(x.astype(np.float64)), ways(x)
    outputs = {name: np.asarray(torch.as_tensor(run()).cpu()) for name, run in found.items()}
    off = {name: float(np.abs(output / wanted - 1).max()) for name, output in outputs.items()}
    best = dict.fromkeys(found, np.inf)
    for _ in range(rounds):
        for name, run in found.items():
            best[name] = min(best[name], seconds(run))
    cpu = PUBLISHED["CPU (Geng)"]
    print("| by | s | times the thesis's CPU | relative error |\n|---|---|---|---|")
    for name, s in PUBLISHED.items():
        print(f"| {name} | {s:.3g} | {cpu / s:.1f} | |")
    for name, s in best.items():
        print(f"| {name} | {s:.3g} | {cpu / s:.1f} | {off[name]:.0e} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
