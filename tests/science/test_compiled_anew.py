"""Compiled functions of other sources are never taken from the cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import numpy as np
from heschl.science.sphere_order import score_untied
print(score_untied(np.array([[1], [2]], np.int16), np.empty((1, 2), np.int8), np.empty(1, np.int64)))
from heschl.science.sphere_scores import score_sphere
scores = np.empty((1, 2), np.int8)
score_sphere(np.array([[1], [2]], np.int16), np.arange(2, dtype=np.int32), scores, *np.empty((2, 1), np.int64))
print(scores.tolist())
"""


def run(folder: Path) -> str:
    env = os.environ | {"PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True)
    return done.stdout


def test_an_edit_of_a_compiled_function_reaches_those_that_it_is_compiled_into(tmp_path):
    shutil.copytree(ROOT / "src/heschl", tmp_path / "heschl", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(tmp_path) == "0\n[[-1, 1]]\n" == run(tmp_path)
    order = tmp_path / "heschl/science/sphere_order.py"
    assert order.read_text().count("- (n - 1)\n") == 1
    order.write_text(order.read_text().replace("- (n - 1)\n", "+ 5\n"))
    assert run(tmp_path) == "0\n[[5, 7]]\n"
    assert len(list((tmp_path / "cache").iterdir())) == 2
