"""Simulate listeners: a raw BIDS dataset of subjects hearing real clips, with its planted truth beside it.

in   results/{dataset}/ingest/audio.zarr
     results/{dataset}/embed/model-<driver>_layers.zarr
out  results/{dataset}/bids/
     results/{dataset}/ingest/sub-{sub}_truth.zarr
"""

SIMULATED = "results/{dataset}/bids/sub-{sub}"
SIMULATED_RUNS = [
    f"{SIMULATED}/func/sub-{{sub}}_task-{settings.bids.task}_run-{run + 1}" for run in range(settings.simulate.n_runs)
]
HEADS = sorted(settings.simulate.participant_label)
BIDS_FILES = ["dataset_description.json", *(f"task-{task}_events.json" for task in HEARD)]
DATASET = (
    [f"results/{settings.dataset}/bids/{name}" for name in BIDS_FILES] if settings.simulated and RECORDINGS else []
)


rule simulate_subject:
    """Scan one simulated listener: anatomy, several runs, motion, noise, and planted layers."""
    input:
        layers=f"results/{{dataset}}/embed/model-{settings.simulate.driver}_layers.zarr",
        audio="results/{dataset}/ingest/audio.zarr",
    output:
        t1w=f"{SIMULATED}/anat/sub-{{sub}}_T1w.nii.gz",
        t1w_sidecar=f"{SIMULATED}/anat/sub-{{sub}}_T1w.json",
        bold=[f"{run}_bold.nii.gz" for run in SIMULATED_RUNS],
        sidecars=[f"{run}_bold.json" for run in SIMULATED_RUNS],
        events=[f"{run}_events.tsv" for run in SIMULATED_RUNS],
        truth=directory("results/{dataset}/ingest/sub-{sub}_truth.zarr"),
    log:
        "logs/{dataset}/simulate/sub-{sub}.log",
    conda:
        "../envs/neuro.yaml"
    params:
        code=code("simulate_subject"),
        sub="{sub}",
        subjects=HEADS,
        noise_subjects=NOISE,
        hrf_subjects=settings.simulate.hrf_label,
        n_runs=settings.simulate.n_runs,
        clips_per_style=settings.simulate.clips_per_style,
        tr_s=settings.bids.tr_s,
        trial_s=settings.simulate.trial_s,
        lead_in_s=settings.simulate.lead_in_s,
        tail_s=settings.simulate.tail_s,
        voxel_mm=settings.simulate.voxel_mm,
        effect_percent=settings.simulate.effect_percent,
        gradient=settings.simulate.gradient,
        motion_mm=settings.simulate.motion_mm,
        seed=settings.simulate.seed,
        group_voxel_mm=settings.preprocess.voxel_mm,
    script:
        "../scripts/step.py"


rule simulate_dataset:
    """Write what belongs to the simulated dataset as a whole, and the clips that are heard."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
    output:
        description="results/{dataset}/bids/dataset_description.json",
        readme="results/{dataset}/bids/README",
        participants="results/{dataset}/bids/participants.tsv",
        participants_sidecar="results/{dataset}/bids/participants.json",
        events_sidecar=f"results/{{dataset}}/bids/task-{settings.bids.task}_events.json",
        stimuli=directory("results/{dataset}/bids/stimuli"),
    log:
        "logs/{dataset}/simulate/dataset.log",
    conda:
        "../envs/neuro.yaml"
    params:
        code=code("simulate_dataset"),
        subjects=HEADS,
        noise_subjects=NOISE,
        clips_per_style=settings.simulate.clips_per_style,
    script:
        "../scripts/step.py"
