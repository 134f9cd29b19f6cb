"""Train the tagger: ResNet-18 in one dimension, on the corpus's styles and musicnn's tags.

in   results/{dataset}/ingest/audio.zarr
     results/{dataset}/embed/model-musicnn_tags.zarr
out  results/{dataset}/train/model-resnet18_weights.safetensors, _history.zarr, _scores.zarr
"""


rule train_tagger:
    """Train, score on held-out tracks, and export the weights; a killed training resumes."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        tags="results/{dataset}/embed/model-musicnn_tags.zarr",
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
        epochs=settings.train.epochs,
        steps_per_epoch=settings.train.steps_per_epoch,
        batch=settings.train.batch,
        excerpt_samples=settings.train.excerpt_samples,
        validation_fraction=settings.train.validation_fraction,
        seed=settings.train.seed,
    script:
        "../scripts/step.py"
