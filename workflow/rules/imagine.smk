"""Imagine: sounds that a listener's brain should answer to more, by an encoding model of its training clips.

in   results/{dataset}/respond/sub-{sub}_series.zarr, embed/model-musicnn_windows.zarr, audit/splits.zarr
out  results/{dataset}/imagine/brain.zarr, and WAVs beside it in brain/
"""

IMAGINED = "results/{dataset}/imagine/brain.zarr"
IMAGINED_SOUNDS = "results/{dataset}/imagine/brain"
DREAMER = settings.imagine.sub.removeprefix("sub-") or next((s for s in DECODED if s not in NOISE), "none")


rule imagine_brain:
    """Change test clips so that the predicted response of a listener's best-predicted voxels rises."""
    input:
        series=SERIES.replace("{sub}", DREAMER),
        windows="results/{dataset}/embed/model-musicnn_windows.zarr",
        splits=SPLITS,
        audio="results/{dataset}/ingest/audio.zarr",
        weights=ancient(MUSICNN),
    output:
        dreams=directory(IMAGINED),
        sounds=directory(IMAGINED_SOUNDS),
    log:
        "logs/{dataset}/imagine/brain.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=8000,
    params:
        code=code("imagine_brain"),
        split=settings.audit.split,
        layer=settings.imagine.layer,
        lag_tr=settings.decode.lags_tr[0],
        alphas=settings.encode.alphas,
        n_folds=settings.encode.n_folds,
        n_voxels=settings.imagine.n_voxels,
        n_clips=settings.imagine.n_clips,
        clip_s=settings.imagine.clip_s,
        optimiser=settings.dream.optimiser,
        bounded=settings.imagine.bounded,
        max_iterations=settings.imagine.max_iterations,
        priors=settings.imagine.priors,
        seed=settings.imagine.seed,
    script:
        "../scripts/step.py"
