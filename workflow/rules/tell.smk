"""Tell: a network learns to tell styles apart by clips of sound.

in   results/{dataset}/cut/clips.zarr
out  results/{dataset}/tell/split-{style_split}_seed-{seed}_scores.zarr, _weights.safetensors
"""

TOLD_STYLES = "results/{dataset}/tell/split-{style_split}_seed-{seed}_scores.zarr"
TOLD_WEIGHTS = TOLD_STYLES.replace("_scores.zarr", "_weights.safetensors")
TELL_SEEDS = list(range(settings.tell.seed, settings.tell.seed + settings.tell.n_seeds))
ALL_TOLD = expand(TOLD_STYLES, style_split=settings.tell.splits, seed=TELL_SEEDS, allow_missing=True)
# Dreams are those of one network, of the first split and seed.
FIRST_TOLD = TOLD_STYLES.replace("{style_split}", settings.tell.splits[0]).replace("{seed}", str(settings.tell.seed))
FIRST_WEIGHTS = FIRST_TOLD.replace("_scores.zarr", "_weights.safetensors")


rule tell_styles:
    """Train one network per fold, so that each clip is tested once; keep the last fold's."""
    input:
        clips=CLIPS,
        features=style_features,
    output:
        scores=directory(TOLD_STYLES),
        weights=TOLD_WEIGHTS,
    log:
        "logs/{dataset}/tell/split-{style_split}_seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=12000,
        runtime=480,
    params:
        code=code("tell_styles"),
        split="{style_split}",
        seed=lambda w: int(w.seed),
        n_folds=settings.tell.n_folds,
        front_end=settings.tell.front_end,
        epochs=settings.tell.epochs,
        batch=settings.tell.batch,
        learning_rate=settings.tell.learning_rate,
        momentum=settings.tell.momentum,
        glorot=settings.tell.glorot,
        bn_axes=settings.tell.bn_axes,
        bn_eval=settings.tell.bn_eval,
    script:
        "../scripts/step.py"
