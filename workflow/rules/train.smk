"""Train the tagger: ResNet-18 in one dimension, on the corpus's styles and musicnn's tags, or on MagnaTagATune.

in   results/{dataset}/ingest/audio.zarr
     results/{dataset}/embed/model-musicnn_tags.zarr
     results/{dataset}/embed/model-musicnn_windows.zarr where excerpts learn the tags of their own time
     results/{dataset}/gather/magnatagatune.zarr instead, for MagnaTagATune
out  results/{dataset}/train/model-resnet18_weights.safetensors, _history.zarr, _scores.zarr
"""

STYLES = settings.train.corpus == "styles"
OF_WINDOWS = STYLES and settings.train.targets == "window"


rule train_tagger:
    """Train, score on held-out tracks beside a linear baseline, export the weights; a killed training resumes."""
    input:
        audio="results/{dataset}/" + ("ingest/audio.zarr" if STYLES else "gather/magnatagatune.zarr"),
        tags="results/{dataset}/embed/model-musicnn_tags.zarr" if STYLES else [],
        windows="results/{dataset}/embed/model-musicnn_windows.zarr" if OF_WINDOWS else [],
    output:
        weights="results/{dataset}/train/model-resnet18_weights.safetensors",
        history=directory("results/{dataset}/train/model-resnet18_history.zarr"),
        scores=directory("results/{dataset}/train/model-resnet18_scores.zarr"),
    log:
        "logs/{dataset}/train/tagger.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        code=code("train_tagger"),
        corpus=settings.train.corpus,
        variant=settings.train.variant,
        epochs=settings.train.epochs,
        steps_per_epoch=settings.train.steps_per_epoch,
        batch=settings.train.batch,
        excerpt_samples=settings.train.excerpt_samples,
        validation_fraction=settings.train.validation_fraction,
        present_above=settings.train.present_above,
        width=settings.train.width,
        cover_all=settings.train.cover_all,
        style_weight=settings.train.style_weight,
        learning_rate=settings.train.learning_rate,
        schedule=settings.train.schedule,
        gain_db=settings.train.gain_db,
        speed_percent=settings.train.speed_percent,
        patience=settings.train.patience,
        devices=settings.train.devices,
        workers=settings.train.workers,
        compile=settings.train.compile,
        seed=settings.train.seed,
    script:
        "../scripts/step.py"
