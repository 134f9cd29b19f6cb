"""Call the function that a rule names with the rule's own inputs, outputs and params; sign what it writes."""

import errno
import os
import select
import sys
import threading
import traceback
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module, metadata
from pathlib import Path

job = snakemake  # noqa: F821


def follow(master: int) -> None:
    """End this process when the workflow does: a killed one must leave no writer behind."""
    try:
        gone = os.pidfd_open(master)
    except ProcessLookupError:
        os._exit(137)
    threading.Thread(target=lambda: (select.select([gone], [], []), os._exit(137)), daemon=True).start()


if hasattr(os, "pidfd_open") and "HESCHL_MASTER" in os.environ:
    follow(int(os.environ["HESCHL_MASTER"]))
os.environ |= {n: str(job.threads) for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
os.environ |= {n: str(job.threads) for n in ("NUMBA_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")}
os.environ |= {"NO_ET": "1", "NIPYPE_NO_ET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
os.environ["MNE_USE_NUMBA"] = "false"  # loading its compiled functions takes longer than they save

# Snakemake lends its own packages to find its own object; give them back, so that a rule runs in its own
# environment alone (snakemake/snakemake#840), and add ours.
own = [p for p in sys.path if Path(p).is_relative_to(sys.prefix) or Path(p).is_relative_to(sys.base_prefix)]
sys.path[:] = [str(Path(__file__).parents[2] / "src"), *own]
from heschl import contract, store  # noqa: E402
from heschl.errors import HeschlError  # noqa: E402


def paths(names) -> dict:
    """Map each name to a Path, or to a list of them where the rule gives several."""
    return {n: Path(p) if isinstance(p, str) else [Path(q) for q in p] for n, p in names.items()}


def main() -> None:
    """Run the step; print the call that repeats it first."""
    module, function = contract.address(job.rule)
    params = {name: value for name, value in job.params.items() if name not in ("code", "digest")}
    call = paths(job.input) | paths(job.output) | params
    print(f"from pathlib import Path, PosixPath\nfrom {module} import {function}", flush=True)
    print(f"{function}({', '.join(f'{k}={v!r}' for k, v in call.items())})\n", flush=True)
    versions = {p: metadata.version(p) for p in ("numpy", "scipy", "xarray", "zarr", "snakemake")}
    made = {"rule": job.rule, "code": job.params.get("code"), "params": params, "versions": versions}
    with store.signature(**made, wildcards=dict(job.wildcards.items())):
        getattr(import_module(module), function)(**call)


def ours(error: Exception) -> bool:
    """Tell whether the user can mend it: then one line says all, and a traceback (the log is shown) would bury it."""
    disk = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)
    return isinstance(error, HeschlError | MemoryError) or (isinstance(error, OSError) and error.errno in disk)


with open(job.log[0], "w", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
    try:
        main()
    except Exception as error:
        if not ours(error):
            traceback.print_exc()
        if isinstance(error, HeschlError | OSError | MemoryError):
            print(f"\nheschl: rule {job.rule}: {error}", flush=True)
            print(f"heschl: rule {job.rule}: {error} (log: {job.log[0]})", file=sys.__stderr__, flush=True)
        sys.exit(1)
