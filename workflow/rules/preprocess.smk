"""Preprocess: from raw BOLD to the grey-matter patterns of each clip in MNI space, resampled once.

in   results/{dataset}/ingest/sub-{sub}_T1w.zarr, sub-{sub}_{recording}_bold.zarr
out  results/{dataset}/preprocess/sub-{sub}_from-T1w_to-MNI_xfm/
     results/{dataset}/preprocess/sub-{sub}_space-MNI_anat.zarr
     results/{dataset}/preprocess/sub-{sub}_{recording}_space-MNI_bold.zarr
     results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr
"""

RAW_BOLD = "results/{dataset}/ingest/sub-{sub}_{recording}_bold.zarr"
MNI_BOLD = "results/{dataset}/preprocess/sub-{sub}_{recording}_space-MNI_bold.zarr"


rule preprocess_anat:
    """Strip the skull, segment, and find the way to MNI space."""
    input:
        t1w="results/{dataset}/ingest/sub-{sub}_T1w.zarr",
    output:
        xfm=directory("results/{dataset}/preprocess/sub-{sub}_from-T1w_to-MNI_xfm"),
        anat=directory("results/{dataset}/preprocess/sub-{sub}_space-MNI_anat.zarr"),
    log:
        "logs/{dataset}/preprocess/sub-{sub}_anat.log",
    conda:
        "../envs/neuro.yaml"
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        code=code("preprocess_anat"),
        normalise=settings.preprocess.normalise,
        voxel_mm=settings.preprocess.voxel_mm,
        registration_mm=settings.preprocess.registration_mm,
    script:
        "../scripts/step.py"


rule preprocess_bold:
    """Realign, correct slice timing, coregister, and resample once into MNI space; keep the confounds."""
    input:
        raw=RAW_BOLD,
        xfm="results/{dataset}/preprocess/sub-{sub}_from-T1w_to-MNI_xfm",
        anat="results/{dataset}/preprocess/sub-{sub}_space-MNI_anat.zarr",
    output:
        bold=directory(MNI_BOLD),
    log:
        "logs/{dataset}/preprocess/sub-{sub}_{recording}_bold.log",
    conda:
        "../envs/neuro.yaml"
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        code=code("preprocess_bold"),
        high_pass_hz=settings.preprocess.high_pass_hz,
        n_compcor=settings.preprocess.n_compcor,
    script:
        "../scripts/step.py"


rule preprocess_patterns:
    """Clean each run, average a clip's repeats, and stack the clips of one subject."""
    input:
        bold=lambda w: runs(MNI_BOLD, w.sub),
        raw=lambda w: runs(RAW_BOLD, w.sub),
        anat="results/{dataset}/preprocess/sub-{sub}_space-MNI_anat.zarr",
    output:
        patterns=directory("results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr"),
    log:
        "logs/{dataset}/preprocess/sub-{sub}_patterns.log",
    conda:
        "../envs/neuro.yaml"
    resources:
        mem_mb=4000,
    params:
        code=code("preprocess_patterns"),
        confounds=settings.preprocess.confounds,
        drop_s=settings.preprocess.drop_s,
        gm_threshold=settings.preprocess.gm_threshold,
        clip_s=settings.bids.clip_s,
    script:
        "../scripts/step.py"
