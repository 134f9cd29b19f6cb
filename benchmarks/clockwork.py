"""The clockwork RNN of Roman's 4.4: one compiled pass over time against the step-by-step loop in torch.

    python benchmarks/clockwork.py [rounds, 7 by default]

Forward and backward of 782 steps, seven modules of one unit, float32, one thread; in turns, medians of CPU time, as
other work on the machine counts little there. Outputs and gradients of both are compared first. A loop over all steps
is what the author of 4.4 found very slow.
"""

import os
import sys
import time

THREADS = 1
os.environ |= {n: str(THREADS) for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

import numpy as np  # noqa: E402
import torch  # noqa: E402

from heschl.nets.clockwork import ClockworkRNN  # noqa: E402

STEPS, BATCHES = 782, (1, 128)
CALLS = {"loop": 1, "ours": 20}  # a turn


def step(rnn: ClockworkRNN, forward, x, target):
    """Return the gradients of all weights, one after the other."""
    rnn.zero_grad()
    (forward(x) - target).square().sum().backward()
    return torch.cat([p.grad.ravel() for p in rnn.parameters()])


def compare(batch: int, rounds: int) -> str:
    rnn, generator = ClockworkRNN(seed=0), torch.Generator().manual_seed(0)
    x, target = (torch.randn(batch, STEPS, 1, generator=generator) for _ in range(2))
    ways = {"loop": rnn.forward_loop, "ours": rnn}
    found = {name: step(rnn, way, x, target) for name, way in ways.items()}  # compiles, too
    gradient = float((found["ours"] - found["loop"]).abs().max() / found["loop"].abs().max())
    output = float((rnn(x) - rnn.forward_loop(x)).abs().max().detach())
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.process_time()
            for _ in range(CALLS[name]):
                step(rnn, way, x, target)
            spent[name].append(1000 * (time.process_time() - start) / CALLS[name])
    loop, ours = (float(np.median(spent[name])) for name in ("loop", "ours"))
    return f"| {batch} | {loop:.1f} | {ours:.2f} | {loop / ours:.0f} | {output:.0e} | {gradient:.0e} |"


def main(rounds: int) -> None:
    torch.set_num_threads(THREADS)
    print("| batch | loop, ms | ours, ms | loop / ours | outputs differ by | gradients, relative |")
    print("|---|---|---|---|---|---|")
    for batch in BATCHES:
        print(compare(batch, rounds), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
