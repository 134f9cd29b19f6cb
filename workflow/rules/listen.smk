"""Listen: simulated listeners hear the training and test runs of the decoding studies, in ds003720's own format.

in   results/{dataset}/ingest/audio.zarr
     results/{dataset}/embed/model-<driver>_windows.zarr
out  results/{dataset}/bids/sub-{sub}/func/sub-{sub}_task-<task>_run-<run>_{bold.nii.gz,bold.json,events.tsv}
     results/{dataset}/ingest/sub-{sub}_heard.zarr, the planted truth
"""

LISTENING = "results/{dataset}/bids/sub-{sub}/func/sub-{sub}_task-"
LISTENING_RUNS = [
    *(f"{LISTENING}{settings.bids.training_task}_run-{run + 1}" for run in range(settings.listen.n_training_runs)),
    *(f"{LISTENING}{settings.bids.test_task}_run-{run + 1}" for run in range(settings.listen.n_test_runs)),
]
PLANTED = "results/{dataset}/ingest/sub-{sub}_heard.zarr"


rule listen_subject:
    """Scan one simulated listener who hears the corpus: training clips once, test clips again and again."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        windows=[f"results/{{dataset}}/embed/model-{driver}_windows.zarr" for driver in settings.listen.drivers],
    output:
        bold=[f"{run}_bold.nii.gz" for run in LISTENING_RUNS],
        sidecars=[f"{run}_bold.json" for run in LISTENING_RUNS],
        events=[f"{run}_events.tsv" for run in LISTENING_RUNS],
        truth=directory(PLANTED),
    log:
        "logs/{dataset}/listen/sub-{sub}.log",
    conda:
        "../envs/neuro.yaml"
    params:
        code=code("listen_subject"),
        sub="{sub}",
        noise_subjects=NOISE,
        drivers=settings.listen.drivers,
        training_task=settings.bids.training_task,
        test_task=settings.bids.test_task,
        n_training_runs=settings.listen.n_training_runs,
        n_test_runs=settings.listen.n_test_runs,
        test_per_style=settings.listen.n_test_runs,
        n_repeats=settings.listen.n_repeats,
        tr_s=settings.bids.tr_s,
        clip_s=settings.bids.clip_s,
        voxel_mm=settings.listen.voxel_mm,
        effect_percent=settings.listen.effect_percent,
        mixing=settings.listen.mixing,
        n_latents=settings.listen.n_latents,
        motion_mm=settings.listen.motion_mm,
        seed=settings.listen.seed,
        simulate_seed=settings.simulate.seed,
        group_voxel_mm=settings.preprocess.voxel_mm,
    script:
        "../scripts/step.py"


rule listen_dataset:
    """Describe the columns of the events."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
    output:
        events_sidecar_training=f"results/{{dataset}}/bids/task-{settings.bids.training_task}_events.json",
        events_sidecar_test=f"results/{{dataset}}/bids/task-{settings.bids.test_task}_events.json",
    log:
        "logs/{dataset}/listen/dataset.log",
    conda:
        "../envs/neuro.yaml"
    params:
        code=code("listen_dataset"),
    script:
        "../scripts/step.py"
