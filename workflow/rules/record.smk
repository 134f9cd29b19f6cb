"""Record: simulate the MEG dataset of neuroplasticity, raw BIDS, with its planted truth beside it.

out  results/{dataset}/meg/
     results/{dataset}/record/sub-{sub}_truth.zarr
"""

MEG_DATASET = [
    f"{MEG_ROOT}/{name}"
    for name in ("dataset_description.json", "README", "participants.tsv", "participants.json")
    if MEG and MEG_SIMULATED
]
MEG_PLANTED = [f"results/{settings.dataset}/record/sub-{sub}_truth.zarr" for sub in MEG_SUBJECTS if MEG_SIMULATED]


rule record_subject:
    """Record one simulated participant in every session: beta power locked to the beat, drift and training."""
    output:
        files=planned_meg("results/{dataset}/meg", "{sub}"),
        truth=directory("results/{dataset}/record/sub-{sub}_truth.zarr"),
    log:
        "logs/{dataset}/record/sub-{sub}.log",
    conda:
        "../envs/neuro.yaml"
    params:
        code=code("record_subject"),
        sub="{sub}",
        sessions=MEG_SESSIONS,
        task=settings.meg.task,
        n_runs=settings.record.n_runs,
        run_s=settings.record.run_s,
        sfreq_hz=settings.record.sfreq_hz,
        beat_s=settings.meg.beat_s,
        signature=settings.record.signature,
        depth=settings.record.depth,
        drift_gain=settings.record.drift_gain,
        drift_noise=settings.record.drift_noise,
        drift_head_mm=settings.record.drift_head_mm,
        drift_latency_s=settings.record.drift_latency_s,
        training=settings.record.training,
        n_regions=settings.record.n_regions,
        region_mm=settings.record.region_mm,
        seed=settings.record.seed,
    script:
        "../scripts/step.py"


rule record_dataset:
    """Write what belongs to the simulated MEG dataset as a whole."""
    output:
        description="results/{dataset}/meg/dataset_description.json",
        readme="results/{dataset}/meg/README",
        participants="results/{dataset}/meg/participants.tsv",
        participants_sidecar="results/{dataset}/meg/participants.json",
    log:
        "logs/{dataset}/record/dataset.log",
    conda:
        "../envs/neuro.yaml"
    params:
        code=code("record_dataset"),
        participant_label=sorted(settings.record.participant_label),
    script:
        "../scripts/step.py"
