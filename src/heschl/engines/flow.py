"""Running a nipype workflow: one process, in a folder of its own, silent, stopping at the first crash."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["NO_ET"] = "1"  # no telemetry
os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"  # before ants is imported: ANTs repeats itself to the bit

import nipype
from nipype import Node, Workflow
from nipype.interfaces.base import BaseInterface, TraitedSpec


@contextmanager
def workspace() -> Iterator[Path]:
    """Give a temporary folder for files between nodes; it goes when the block ends. Make nodes inside the block."""
    folder = Path(tempfile.mkdtemp(prefix="heschl-nipype-")).resolve()
    try:
        _configure(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def node(interface: BaseInterface, name: str) -> Node:
    """Wrap an interface, its inputs already set, as a node."""
    return Node(interface, name=name)


def run(workflow: Workflow, folder: Path) -> dict[str, TraitedSpec]:
    """Run every node in order and return each one's outputs by its name."""
    workflow.base_dir = str(folder)
    graph = workflow.run(plugin="Linear")
    return {step.name: step.result.outputs for step in graph.nodes()}


def _configure(folder: Path) -> None:
    """Set nipype before any node is made: a node copies the settings of that moment."""
    settings = {
        "stop_on_first_crash": "true",
        "crashdump_dir": str(folder),
        "check_version": "false",
        "hash_method": "timestamp",
        "remove_unnecessary_outputs": "false",
    }
    quiet = {"workflow_level": "WARNING", "interface_level": "WARNING", "utils_level": "WARNING"}
    nipype.config.update_config({"execution": settings, "logging": quiet, "monitoring": {"enabled": "false"}})
    nipype.logging.update_logging(nipype.config)
