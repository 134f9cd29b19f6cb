"""The workflow as a whole: an edit reruns exactly what it touches, a wrong plan stops, a killed run goes on.

The house is copied and its jobs only make their outputs: plans, signals and recovery are Snakemake's and ours; what the
steps compute is tested elsewhere.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPARE = {"compare_searchlight", "compare_published", "compare_group", "compare_recovery"}
INFER = {"infer_controls", "infer_layers", "infer_ceiling", "infer_bootstrap"}
SMALL = {
    "  n_runs: 2": '  n_runs: 1\n  participant_label: ["01", "02", "04"]',
    "  effect_percent: 4": '  participant_label: ["01", "02", "04"]\n  n_test_runs: 1',
    "\nrecord:\n": '\nrecord:\n  participant_label: ["01", "02"]\n',
    "  n_seeds: 1\n": "  n_seeds: 2\n",
}
STUDIES = {"neural_correlates", "brain2music", "music_reconstruction", "neuroplasticity"}
NETWORKS = {"classify_full", "classify_clusters", "classify_components"}
CLASSIFIED = {
    *("accuracy_bars", "cluster_accuracy", "cluster_map", "plasticity_drift", "cluster_recovery", "subject_controls"),
    *("cluster_example", "component_loss", "subject_confusion"),
}
SCORED = {"identify_scores", "retrieve_clips"}
LEFT_OUT = ("results", "logs", ".snakemake", ".git", ".venv", ".cache", "*.ogg", "__pycache__", ".*_cache")
CALL = "getattr(import_module(module), function)(**call)"
MAKE = """[Path(p).mkdir(parents=True, exist_ok=True) if p.endswith((".zarr", "xfm", "stimuli")) else Path(p).touch()
         for p in (import_module("time").sleep(float(os.environ.get("SLOW", 0))), *job.output)[1:]]"""


def snakemake(house: Path, *args: str, **env: str) -> subprocess.CompletedProcess:
    """Run Snakemake in a copy of the house."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *args]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, env=os.environ | env)


def output(done: subprocess.CompletedProcess) -> str:
    """Return all that a run printed."""
    return done.stdout + done.stderr


def planned(house: Path, *args: str) -> set[str]:
    """Return the names of the rules that would run."""
    done = snakemake(house, "--dry-run", *args)
    assert done.returncode == 0, output(done)
    rules = {line.split()[1].rstrip(":") for line in output(done).splitlines() if line.startswith("rule ")}
    return rules - {"all", "figures"} - STUDIES


def drawn(rules: set[str], but: tuple[str, ...] = ()) -> set[str]:
    """Keep the figures among rules."""
    return {r for r in rules if r.startswith("draw_")} - set(but)


def copy(target: Path) -> Path:
    """Copy the house without results and music, with jobs that only make their outputs, three subjects, one run."""
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    step = target / "workflow/scripts/step.py"
    assert CALL in step.read_text()
    step.write_text(step.read_text().replace(CALL, MAKE))
    config = target / "config/config.yaml"
    text = config.read_text()
    for old, new in SMALL.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    config.write_text(text)
    return target


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """Run the whole plan once, in a folder whose name has a space."""
    house = copy(tmp_path_factory.mktemp("a house") / "heschl")
    done = snakemake(house)
    assert done.returncode == 0, output(done)
    return house


@pytest.fixture
def edit(house):
    """Edit files of the house, and put them back."""
    kept = {}

    def change(file: str, old: str, new: str) -> None:
        path = house / file
        kept[path] = path.read_text()
        assert old in kept[path], f"{file} no longer holds {old!r}"
        path.write_text(kept[path].replace(old, new, 1))

    yield change
    for path, text in kept.items():
        path.write_text(text)


def test_nothing_is_planned_when_nothing_changed(house):
    assert planned(house) == set()
    assert "Nothing to be done" in output(snakemake(house, "--dry-run"))


def test_a_clone_with_copied_results_plans_nothing(house, tmp_path):
    clone = copy(tmp_path / "clone")
    shutil.copytree(house / "results", clone / "results")
    assert planned(clone) == set()


def test_touching_sources_and_music_plans_nothing(house):
    for path in [
        *(house / "src").rglob("*.py"),
        *(house / "data").rglob("*.csv"),
        *(house / "workflow").rglob("*.smk"),
    ]:
        path.touch()
    assert planned(house) == set()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/heschl/science/searchlight.py", "\ndef ", "\n# a comment\ndef "),
        ("src/heschl/steps/compare.py", '"""', '"""Reworded. '),
        ("config/config.yaml", "compare:", "# a comment\ncompare:"),
        ("config/config.yaml", "  n_voxels: 50\n  n_permutations: 100\n", "  n_permutations: 100\n  n_voxels: 50\n"),
        ("src/heschl/config.py", "class Config(Section):", "class Config(Section):\n    unused: int = 1"),
        ("workflow/rules/compare.smk", "    script:", "    threads: 1\n    script:"),
    ],
)
def test_edits_without_meaning_plan_nothing(house, edit, file, old, new):
    edit(file, old, new)
    assert planned(house) == set()


def test_a_setting_of_the_searchlight_reruns_it_and_what_follows(house, edit):
    edit("config/config.yaml", "n_voxels: 50", "n_voxels: 99")
    assert planned(house) - drawn(planned(house)) == COMPARE - {"compare_published"} | INFER


def test_the_searchlights_code_reruns_it_and_what_follows(house, edit):
    edit("src/heschl/science/searchlight.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    rules = planned(house)
    assert rules - drawn(rules) == COMPARE | INFER
    assert "draw_recovery" in rules and "draw_tag_auc" not in rules and "draw_timeline" not in rules


def test_a_control_model_reruns_what_it_is_compared_in(house, edit):
    edit("config/config.yaml", "\ninfer:\n", "\ninfer:\n  controls: [musicnn, untrained]\n")
    rules = planned(house)
    new = {"embed_layers", "embed_volumes"}
    assert rules - drawn(rules) == {"infer_controls", "infer_layers"} | new


def test_the_inferences_code_reruns_no_searchlight_of_layers(house, edit):
    edit("src/heschl/science/layer_maps.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    rules = planned(house)
    assert rules - drawn(rules) == INFER


@pytest.mark.parametrize(("who", "subjects"), [("group", ["01", "02"]), ("noise", ["04"]), ("hrf", [])])
def test_each_group_is_tested_by_itself(house, who, subjects):
    target = f"results/simulated_fmri/compare/model-resnet18_{who}.zarr"
    said = output(snakemake(house, "--dry-run", "--force", target))
    rule = said[said.index("rule compare_group:") :]
    inputs = re.search(r"input: (.*)", rule).group(1) if subjects else ""
    assert re.findall(r"sub-(\w+?)_model-resnet18_rsa", inputs) == subjects
    assert f"compare/model-resnet18_{who}.zarr" in rule


def test_a_setting_of_encoding_reruns_encoding_alone(house, edit):
    edit("config/config.yaml", "\nencode:\n", "\nencode:\n  n_permutations: 99\n")
    rules = planned(house)
    assert rules - drawn(rules) == {"encode_voxels", "encode_partition", "encode_recovery"}
    assert "draw_encoding_maps" in rules and "draw_identification" not in rules


def test_a_setting_of_decoding_reruns_decoding_and_what_follows(house, edit):
    edit("config/config.yaml", "\ndecode:\n", "\ndecode:\n  n_rois: 5\n")
    rules = planned(house)
    assert rules - drawn(rules) == {"decode_embedding"} | SCORED
    assert "draw_alignment_curves" not in rules


def test_the_ridge_regressions_code_reruns_what_regresses(house, edit):
    edit("src/heschl/science/ridge.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    rules = planned(house)
    assert {"encode_voxels", "encode_partition", "decode_embedding", "align_subject"} <= rules
    assert not {"respond_series", "audit_splits", "embed_windows", "compare_searchlight"} & rules


def test_the_audits_code_reruns_all_scores_but_no_preprocessing(house, edit):
    edit("src/heschl/science/leakage.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    rules = planned(house)
    assert {"audit_splits", "encode_voxels", "decode_embedding", "align_subject"} | SCORED <= rules
    assert not {"respond_series", "embed_windows", "preprocess_bold", "compare_group"} & rules


def test_a_model_of_the_music_reruns_only_what_uses_it(house, edit):
    edit("src/heschl/embeddings/genre.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    rules = planned(house)
    assert {"embed_windows", "encode_voxels"} <= rules
    assert not {"listen_subject", "decode_embedding", "train_tagger"} & rules


def test_a_setting_of_the_networks_reruns_them_and_what_follows(house, edit):
    edit("config/config.yaml", "\n  epochs: 6\n", "\n  epochs: 9\n")
    rerun = {"classify_full", "classify_clusters", "contrast_sessions", "draw_report"}
    assert planned(house) == rerun | {f"draw_{name}" for name in CLASSIFIED - {"component_loss"}}


def test_a_setting_of_the_beamformer_reruns_everything_but_the_recordings(house, edit):
    edit("config/config.yaml", "\nbeamform:\n", "\nbeamform:\n  regularisation: 0.1\n")
    rerun = planned(house)
    assert {"beamform_session", "beamform_samples", "beamform_components", "fit_series", *NETWORKS} <= rerun
    assert "record_subject" not in rerun and not {"encode_voxels", "ingest_bold", "draw_subject_network"} & rerun


def test_the_verdicts_code_reruns_the_summary_and_no_network(house, edit):
    edit("src/heschl/science/plasticity.py", "LEVEL, SMALLEST = 0.05, 0.1", "LEVEL, SMALLEST = 0.05, 0.2")
    rerun = planned(house)
    assert "contrast_sessions" in rerun and not NETWORKS & rerun and "beamform_session" not in rerun


def test_the_clockwork_networks_code_reruns_what_uses_it(house, edit):
    edit("src/heschl/nets/clockwork.py", "import torch", "EDITED = 1\nimport torch")
    rerun = planned(house)
    assert "fit_series" in rerun and "beamform_samples" not in rerun and "train_tagger" not in rerun


@pytest.mark.parametrize(
    ("defect", "first"),
    [
        (1, {"ingest_audio"}),
        (2, {"embed_windows"}),
        (3, {"audit_splits", "respond_series"}),
        (4, {"decode_embedding"}),
        (5, {"align_subject"}),
        (6, {"decode_embedding"}),
        (7, {"identify_scores"}),
        (8, {"decode_embedding"}),
        (9, set()),  # science.listening, without a rule so far
        (10, set()),  # science.rescoring, without a rule so far
        (11, {"decode_embedding", "decode_sweeps"}),
    ],
)
def test_a_published_defect_is_a_flag_of_the_rules_where_it_lies(house, edit, defect, first):
    edit("config/config.yaml", "compare:", f"defects: [{defect}]\ncompare:")
    done = snakemake(house, "--dry-run", "--rerun-triggers", "params", "input")
    said = output(done)
    changed = set(
        re.findall(
            r"^rule (\w+):(?:\n(?!rule ).*)*?reason: .*(?:Params have|Set of input files has) changed", said, flags=re.M
        )
    )
    assert changed - {"draw_report", "draw_published"} == first, said[-3000:]


def test_a_figures_code_reruns_that_figure_and_the_report(house, edit):
    edit("src/heschl/figures/tag_auc.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    assert planned(house) == {"draw_tag_auc", "draw_report"}


def test_the_tagger_in_training_reruns_only_its_figure_where_weights_are_given(house, edit):
    edit("config/config.yaml", "  always: true\n", "  always: true\n  epochs: 3\n")
    assert planned(house) == {"train_tagger", "draw_tag_auc", "draw_report"}


def test_other_weights_of_the_tagger_rerun_what_hears_through_them(house):
    file = house / "data/tagger/resnet18_narrow_mid_styles.safetensors"
    before = file.read_bytes()
    try:
        file.write_bytes(before + b" ")
        rules = planned(house)
    finally:
        file.write_bytes(before)
    assert {"embed_layers", "simulate_subject", "draw_architecture", "draw_layers"} <= rules
    assert not {"ingest_audio", "embed_windows", "train_tagger"} & rules


def test_a_networks_code_reruns_from_the_network_on(house, edit):
    edit("src/heschl/embeddings/resnet18.py", "\ndef ", "\nEXTRA = 1\n\n\ndef ")
    rules = planned(house)
    assert {"embed_layers", "simulate_subject", "preprocess_bold"} <= rules
    assert not {"ingest_audio", "embed_tags", "train_tagger"} & rules


def test_the_music_is_followed_by_content(house, edit):
    edit("data/mini-styles-16k/manifest.csv", "\n", "\n\n")
    assert "ingest_audio" in planned(house)


def test_slurm_plans_the_same_jobs(house):
    local = planned(house, "--forceall")
    assert len(local) > 15
    assert planned(house, "--forceall", "--profile", "slurm") == local


def test_a_study_and_the_figures_are_targets(house):
    for study in STUDIES:
        assert snakemake(house, "-n", study).returncode == 0
    assert snakemake(house, "-n", "figures").returncode == 0


def test_a_configuration_of_ones_own_stands_alone(house):
    (house / "own.yaml").write_text("dataset: own\nsimulate: {n_runs: 5}\n")
    said = output(snakemake(house, "--dry-run", "--configfile", "own.yaml"))
    assert re.search(r"^ingest_bold +20$", said, flags=re.M), said[-3000:]  # four listeners, not the demo's three
    assert "listen_subject" not in said  # one study, by default


def test_a_study_that_the_settings_do_not_name_is_refused(house):
    done = snakemake(house, "-n", "story")
    assert done.returncode != 0 and "story isn't among" in output(done)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("workflow/rules/compare.smk", "        n_voxels=", "        n_voxel=", "does not give ['n_voxels']"),
        ("workflow/rules/compare.smk", "        q=", "        extra=1,\n        q=", "gives ['extra']"),
        ("src/heschl/steps/compare.py", "def group", "def groups", "no function group"),
        ("config/config.yaml", "compare:", "encode: {n_folds: 4}\ncompare:", "config.yaml: encode is given twice"),
        ("config/config.yaml", "n_voxels:", "n_voxel:", "Did you mean compare.n_voxels?"),
        ("config/config.yaml", "n_voxels: 50", "n_voxels: lots", "compare.n_voxels is 'lots'"),
        ("config/config.yaml", "\nembed:\n", "\nembed:\n  models: [resnet19]\n", "no model 'resnet19'"),
        ("config/config.yaml", "\ninfer:\n", "\ninfer:\n  controls: [spektral]\n", "Did you mean spectral?"),
        ("config/config.yaml", "\ninfer:\n", "\ninfer:\n  controls: [clap]\n", "no model with layers in time 'clap'"),
        ("config/config.yaml", "\ninfer:\n", "\ninfer:\n  controls: [mert]\n", "embed.sources"),
        ("config/config.yaml", "compare:", "corpus: {dir: nowhere}\ncompare:", "nowhere/manifest.csv: no such file"),
        ("config/config.yaml", "compare:", "bids: {dir: nowhere}\ncompare:", "nowhere"),
        ("config/config.yaml", "\ndecode:\n", "\ndecode:\n  models: [clup]\n", "no model 'clup'"),
        ("config/config.yaml", "\ndecode:\n", "\ndecode:\n  models: [clap]\n", "embed.sources"),
        ("config/config.yaml", "\nencode:\n", "\nencode:\n  bands: {low: [spektral]}\n", "no model 'spektral'"),
        ("config/config.yaml", "\ndecode:\n", "\ndecode:\n  atlas: destrieu\n", "decode.atlas"),
        ("config/config.yaml", "[neural_correlates, brain2music,", "[brain2musik,", "studies"),
    ],
)
def test_a_disagreement_stops_the_plan_in_one_line(house, edit, file, old, new, message):
    edit(file, old, new)
    done = snakemake(house, "--dry-run")
    said = [line for line in output(done).splitlines() if message in line]
    assert done.returncode != 0 and said, output(done)
    assert "Traceback" not in output(done)


def start(house: Path) -> subprocess.Popen:
    """Start a slow run of a few jobs and wait until a job of it is at work."""
    target = "results/simulated_fmri/embed/model-musicnn_tags.zarr"
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--forceall", target]
    run = subprocess.Popen(command, cwd=house, env=os.environ | {"SLOW": "3"}, stderr=subprocess.DEVNULL)
    for _ in range(300):
        if jobs(house):
            return run
        time.sleep(0.1)
    raise AssertionError("no job started")


def jobs(house: Path) -> list[int]:
    """Find the processes that run a step of this house."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"step.py" in command and b"bash" not in command and (process / "cwd").resolve() == house:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_after_the_master_is_killed_the_same_command_finishes(house):
    run = start(house)
    run.kill()
    run.wait()
    time.sleep(1.5)
    assert jobs(house) == [], "an orphan is still writing"
    done = snakemake(house)
    assert done.returncode == 0, output(done)
    assert planned(house) == set()


def test_a_second_workflow_is_refused_and_told_not_to_unlock(house):
    run = start(house)
    try:
        said = output(snakemake(house, "--forceall", "results/simulated_fmri/embed/model-musicnn_tags.zarr"))
        assert "heschl: another workflow runs in this folder" in said and "cannot be locked" in said
    finally:
        run.kill()
        run.wait()
    assert snakemake(house).returncode == 0


def test_after_a_job_is_killed_the_same_command_finishes(house):
    run = start(house)
    os.kill(jobs(house)[0], signal.SIGKILL)
    assert run.wait(60) != 0
    done = snakemake(house)
    assert done.returncode == 0, output(done)
    assert planned(house) == set()
