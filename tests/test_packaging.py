"""One lock for every way to install, torch pinned everywhere, and set-up that can be repeated."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from heschl import cli

ROOT = Path(__file__).parents[1]
TORCH = "torch==2.13.0"
ENVS = sorted((ROOT / "workflow/envs").glob("*.yaml"))


def lines(file: Path) -> list[str]:
    return [t for line in file.read_text().splitlines() if (t := line.partition("#")[0].strip())]


def locked() -> dict[str, str]:
    return dict(line.split("==") for line in lines(ROOT / "requirements.lock"))


def pip_part(env: Path) -> list[str]:
    found = yaml.safe_load(env.read_text())["dependencies"]
    return next(d["pip"] for d in found if isinstance(d, dict))


@pytest.mark.parametrize("name", ["requirements.in", "requirements.lock"])
def test_torch_stands_first_and_is_pinned(name):
    assert lines(ROOT / name)[0] == TORCH


def test_every_locked_line_is_an_exact_pin():
    for line in lines(ROOT / "requirements.lock"):
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][a-z0-9.]*", line), line


def test_every_direct_dependency_is_locked_and_agrees():
    pins = locked()
    for line in lines(ROOT / "requirements.in"):
        wanted = Requirement(line)
        assert wanted.name in pins, f"{wanted.name}: run make lock"
        assert wanted.specifier.contains(pins[wanted.name]), line


@pytest.mark.parametrize("env", ENVS, ids=lambda p: p.stem)
def test_conda_environments_take_their_versions_from_the_lock(env):
    constraint, *packages = pip_part(env)
    option, path = constraint.split()
    assert option == "--constraint"
    assert (env.parent / path).resolve() == ROOT / "requirements.lock"
    assert TORCH in packages
    assert {Requirement(p).name for p in packages} <= set(locked())
    assert [p for p in packages if "==" in p] == [TORCH]


def test_conda_environments_together_hold_what_rules_need():
    tools = "pytest pytest-xdist hypothesis ruff snakefmt import-linter bids-validator-deno psutil".split()
    front = ["snakemake-executor-plugin-slurm", "snakemake-logger-plugin-rich"]
    wanted = {Requirement(line).name for line in lines(ROOT / "requirements.in")} - {*tools, *front}
    assert wanted == {Requirement(p).name for env in ENVS for p in pip_part(env)[1:]}


def test_nothing_installs_a_torch_without_its_version():
    for file in [ROOT / "Makefile", ROOT / "Dockerfile", *(ROOT / "tools").glob("*.sh"), *ENVS]:
        for line in lines(file):
            assert not re.search(r"(install .*|- )\btorch(?![=\w-])(?!==)", line), f"{file.name}: {line}"


def test_makefile_and_command_line_set_the_same_environment():
    exported = set(re.findall(r"^export (\w+)", (ROOT / "Makefile").read_text(), flags=re.M))
    assert exported == set(cli.CACHES) | set(cli.QUIET)


def test_setup_does_nothing_when_its_stamp_agrees(tmp_path):
    folder = tmp_path / "with a space"
    (folder / "tools").mkdir(parents=True)
    (folder / ".venv/bin").mkdir(parents=True)
    for name in ("requirements.lock", "tools/setup.sh"):
        (folder / name).write_text((ROOT / name).read_text())
    python = folder / ".venv/bin/python"
    python.write_text("")
    python.chmod(0o755)
    parts = [
        f"{folder}\n",
        (folder / "requirements.lock").read_text(),
        (folder / "tools/setup.sh").read_text(),
    ]
    (folder / ".venv/heschl.stamp").write_text("".join(parts))
    done = subprocess.run(["bash", folder / "tools/setup.sh"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (folder / ".cache").exists()


def test_setup_names_the_missing_package_in_one_line(tmp_path):
    script = tmp_path / "tools/setup.sh"
    script.parent.mkdir()
    script.write_text((ROOT / "tools/setup.sh").read_text().replace("/usr/bin/python3.11", "/no/python3.11"))
    (tmp_path / "requirements.lock").write_text(TORCH)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "cat", "cmp"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(["/usr/bin/bash", script], capture_output=True, text=True, env={"PATH": str(tools)})
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert "apt-get install python3.11 python3.11-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()
