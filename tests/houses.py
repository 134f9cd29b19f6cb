"""Copies of the house in which a test may run the whole workflow."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
LEFT_OUT = (
    "results",
    "logs",
    ".snakemake",
    ".git",
    ".venv",
    ".cache",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
)


# Two workers of pytest-xdist share the cores: threads that wait for one another would only keep each other waiting.
CORES = "1" if "PYTEST_XDIST_WORKER" in os.environ else "2"


def run(house: Path, *arguments: str) -> None:
    """Run the workflow in a copy of the house; show its output if it fails."""
    command = [sys.executable, "-m", "snakemake", "--cores", CORES, *arguments]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


def change(house: Path, text: str) -> None:
    """Change settings of a house as the YAML says, section by section."""
    config = house / "config/config.yaml"
    values = yaml.safe_load(config.read_text())
    for name, given in yaml.safe_load(text).items():
        values[name] = values.get(name, {}) | given if isinstance(given, dict) else given
    config.write_text(yaml.safe_dump(values))


def copy(target: Path) -> Path:
    """Copy the house with its music."""
    return Path(
        shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True, dirs_exist_ok=True)
    )
