"""The command line: short answers, one-line errors, nothing overwritten."""

import json
import os
import sys

import pytest

from heschl import cli, rules
from heschl.errors import HeschlError


@pytest.fixture
def call(monkeypatch, capsys):
    """Run `heschl ...` in this process; return exit status, output and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["heschl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return run


@pytest.fixture
def dataset(tmp_path):
    """A raw BIDS dataset of one run, by names alone."""
    root = tmp_path / "my data"
    (root / "sub-01/func").mkdir(parents=True)
    (root / "sub-01/anat").mkdir()
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.8.0"}')
    (root / "task-songs_bold.json").write_text('{"RepetitionTime": 2.5}')
    for name in ("anat/sub-01_T1w.nii.gz", "func/sub-01_task-songs_bold.nii.gz"):
        (root / "sub-01" / name).touch()
    (root / "sub-01/func/sub-01_task-songs_events.tsv").write_text("onset\tduration\n")
    return root


@pytest.fixture
def repository(tmp_path, monkeypatch):
    root = tmp_path / "repository"
    (root / "config").mkdir(parents=True)
    (root / "data/mini-styles-16k").mkdir(parents=True)
    (root / "data/mini-styles-16k/manifest.csv").write_text("file,style\na.ogg,x\n")
    monkeypatch.setattr(cli, "ROOT", root)
    return root


def test_new_config_is_valid_and_takes_the_repetition_time_from_the_sidecars(call, dataset, repository):
    status, out, err = call("new-config", "songs", "--bids", dataset, "--task", "songs")
    assert (status, err) == (0, "")
    settings = cli.load(repository / "config/songs.yaml")
    assert (settings.dataset, settings.bids.dir, settings.bids.tr_s) == ("songs", str(dataset), 2.5)


def test_new_config_never_overwrites(call, dataset, repository):
    file = repository / "config/songs.yaml"
    file.write_text("mine")
    status, _, err = call("new-config", "songs", "--bids", dataset, "--task", "songs")
    assert status == 1 and "is there already" in err and err.count("\n") == 1
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new-config", "a-b", "--bids", "x", "--task", "songs"], "dataset is 'a-b'"),
        (["new-config", "songs", "--bids", "/no/such", "--task", "songs"], "no such folder /no/such"),
        (["new-config", "songs"], "Missing option"),
        (["explain", "no_such_rule"], "no rule of this name"),
        (["check", "--config", "none.yaml"], "none.yaml: no such file"),
        (["sing"], "No such command 'sing'"),
    ],
)
def test_errors_are_one_line(call, repository, arguments, said):
    status, out, err = call(*arguments)
    assert status != 0 and said in err and err.count("\n") == 1 and "Traceback" not in err
    assert list((repository / "config").iterdir()) == []


def test_an_unknown_task_names_what_is_there(call, dataset, repository):
    status, _, err = call("new-config", "songs", "--bids", dataset, "--task", "song")
    assert status == 1 and "Did you mean songs?" in err


@pytest.fixture
def workflow(tmp_path, monkeypatch):
    """Two small rule files and the functions that they name."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "tune.smk").write_text(
        'OUT = "results/{dataset}/tune"\n\n\n'
        'rule tune_strings:\n    """Tune all\n    strings."""\n    input:\n        bow="bow.txt",\n'
        '    output:\n        strings=f"{OUT}/sub-{{sub}}_strings.txt",\n'
        '    params:\n        code=code("tune_strings", "embeddings.{model}"),\n\n\n'
        'rule tune_all:\n    input:\n        "results/a/tune/sub-01_strings.txt",\n'
        '    output:\n        directory("results/{dataset}/tune/{any}.zarr"),\n'
    )
    return rules.read(folder)


def test_rules_are_read_with_docstring_and_plugins(workflow):
    rule = workflow["tune_strings"]
    assert (rule.source, rule.docstring) == ("workflow/rules/tune.smk", "Tune all strings.")
    assert rule.plugins == ["embeddings.{model}"]
    assert workflow["tune_all"].docstring == "(no docstring)"


def test_a_file_is_traced_to_the_output_that_fits_not_to_an_input(workflow, monkeypatch, tmp_path):
    monkeypatch.setattr(rules, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    path = cli.Path
    assert rules.maker(path("results/a/tune/sub-01_strings.txt"), workflow) == "tune_strings"
    assert rules.maker(path("results/a/tune/x.zarr"), workflow) == "tune_all"
    with pytest.raises(HeschlError, match="none makes it"):
        rules.maker(path("results/a/tune/x.txt"), workflow)


def test_a_signed_result_names_its_own_rule(workflow, tmp_path):
    result = tmp_path / "anything.zarr"
    result.mkdir()
    (result / "zarr.json").write_text(json.dumps({"attributes": {"made_by": {"rule": "tune_strings"}}}))
    assert rules.maker(result, workflow) == "tune_strings"


def test_every_rule_of_the_workflow_can_be_explained(call):
    for name, rule in rules.read().items():
        status, out, err = call("explain", name)
        assert status == 0, err
        assert rule.docstring in out and f"calls     heschl.{'figures' if name[:5] == 'draw_' else 'steps'}." in out


def test_run_hands_everything_to_snakemake_on_this_machine_by_default(monkeypatch, call, tmp_path):
    seen = []

    def execv(program, arguments):
        seen.append(arguments)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.chdir(tmp_path)
    given = ["figures", "-n", "--configfile", "config/config.yaml"]
    call("run", *given)
    call("run", "--profile", "slurm")
    assert seen[0][1:] == [
        "-m",
        "snakemake",
        "--profile",
        "profiles/local",
        "figures",
        "-n",
        "--configfile",
        "config/config.yaml",
    ]
    assert seen[1][1:] == ["-m", "snakemake", "--profile", "slurm"]
    assert os.environ["NO_ET"] == "1"


def test_caches_stay_in_the_repository_unless_the_user_says_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("MPLCONFIGDIR", "/elsewhere")
    found = cli.environment(tmp_path)
    assert found["NUMBA_CACHE_DIR"] == str(tmp_path / ".cache/numba")
    assert found["MPLCONFIGDIR"] == "/elsewhere"


def test_memory_is_the_cgroups_where_that_is_less(tmp_path):
    machine = cli.memory_bytes(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert cli.memory_bytes(tmp_path) == machine
    (tmp_path / "memory.max").write_text("1048576\n")
    assert cli.memory_bytes(tmp_path) == 1048576


def test_check_finds_too_little_memory_in_one_line(call, repository, monkeypatch):
    file = repository / "config/x.yaml"
    file.write_text("dataset: x\n")
    monkeypatch.setattr(cli, "memory_bytes", lambda: 2**30)
    status, _, err = call("check", "--config", file)
    assert status == 1 and "1.0 GiB of memory" in err and err.count("\n") == 1


@pytest.mark.parametrize("text", [None, "[", "- a"])
def test_run_names_a_configuration_that_cannot_be_read(call, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    if text:
        (tmp_path / "mine.yaml").write_text(text)
    for option in (["--configfile", tmp_path / "mine.yaml"], [f"--configfile={tmp_path / 'mine.yaml'}"]):
        code, _, err = call("run", "-n", *option)
        assert code == 1 and "mine.yaml" in err and err.count("\n") == 1


@pytest.mark.parametrize("text", ["embed: {models: [vgg]}", "corpus: {plugin: nope}", "simulate: {driver: vgg}"])
def test_check_misses_plugins_that_are_not_there(call, tmp_path, text):
    (tmp_path / "mine.yaml").write_text(f"dataset: x\n{text}\n")
    code, _, err = call("check", "--config", tmp_path / "mine.yaml")
    assert code == 1 and "wanted one of" in err and err.count("\n") == 1


def test_check_misses_music_that_is_not_there(call, repository):
    file = repository / "config/x.yaml"
    file.write_text("dataset: x\ncorpus:\n  dir: data/none\n")
    status, _, err = call("check", "--config", file)
    assert status == 1 and "data/none/manifest.csv: no such file" in err
