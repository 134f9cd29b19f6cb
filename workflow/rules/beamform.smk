"""Beamform: MEG recordings become the beta power of voxels, in epochs on the beat.

in   the MEG-BIDS dataset
out  results/{dataset}/beamform/sub-{sub}_ses-{ses}_power.zarr
     results/{dataset}/beamform/samples.zarr
     results/{dataset}/beamform/sub-{sub}_components.zarr
"""

POWER = "results/{dataset}/beamform/sub-{sub}_ses-{ses}_power.zarr"
SAMPLES = "results/{dataset}/beamform/samples.zarr"
COMPONENTS = "results/{dataset}/beamform/sub-{sub}_components.zarr"


rule beamform_session:
    """Filter, project through an LCMV beamformer and cut one session; one that can't be used is told, not fatal."""
    input:
        runs=lambda w: [str(p) for p in MEG[w.sub, w.ses].runs],
        events=lambda w: [str(p) for p in MEG[w.sub, w.ses].events],
        sidecars=lambda w: [*(str(p) for p in MEG[w.sub, w.ses].sidecars), *MEG_DATASET],
        empty_room=lambda w: [str(p) for p in [MEG[w.sub, w.ses].empty_room] if p],
    output:
        power=directory(POWER),
    log:
        "logs/{dataset}/beamform/sub-{sub}_ses-{ses}.log",
    conda:
        "../envs/neuro.yaml"
    resources:
        mem_mb=12000,
        runtime=120,
    params:
        code=code("beamform_session"),
        sub="{sub}",
        ses="{ses}",
        event=settings.meg.event,
        beat_s=settings.meg.beat_s,
        voxel_mm=settings.beamform.voxel_mm,
        rate_hz=settings.beamform.rate_hz,
        resample=settings.beamform.resample,
        band_hz=settings.beamform.band_hz,
        epoch_s=settings.beamform.epoch_s,
        beats_per_epoch=settings.beamform.beats_per_epoch,
        min_epochs=settings.beamform.min_epochs,
        head_model=settings.beamform.head_model,
        subjects_dir=settings.beamform.subjects_dir,
        trans=settings.beamform.trans,
        regularisation=settings.beamform.regularisation,
        sss=settings.beamform.sss,
        measure=settings.beamform.measure,
    script:
        "../scripts/step.py"


rule beamform_samples:
    """Keep the voxels that all participants have in all sessions, and their mean power by part of the session."""
    input:
        power=expand(POWER, sub=MEG_SUBJECTS, ses=MEG_SESSIONS, allow_missing=True),
    output:
        samples=directory(SAMPLES),
    log:
        "logs/{dataset}/beamform/samples.log",
    conda:
        "../envs/neuro.yaml"
    resources:
        mem_mb=12000,
    params:
        code=code("beamform_samples"),
        sessions=MEG_SESSIONS,
    script:
        "../scripts/step.py"


rule beamform_components:
    """Project one participant's sessions on principal components: each session's own, and the training session's."""
    input:
        power=expand(POWER, ses=MEG_SESSIONS, allow_missing=True),
        samples=SAMPLES,
    output:
        components=directory(COMPONENTS),
    log:
        "logs/{dataset}/beamform/sub-{sub}_components.log",
    conda:
        "../envs/neuro.yaml"
    resources:
        mem_mb=12000,
    params:
        code=code("beamform_components"),
        n_components=settings.beamform.n_components,
    script:
        "../scripts/step.py"
