"""Embed: what each layer of a network makes of the music, and what BOLD would show of it.

in   results/{dataset}/ingest/audio.zarr, the weights of the network
out  results/{dataset}/embed/model-musicnn_tags.zarr
     results/{dataset}/embed/model-{model}_layers.zarr
     results/{dataset}/embed/model-{model}_features.zarr
     results/{dataset}/embed/model-{model}_windows.zarr
     results/{dataset}/embed/model-{model}_clips.zarr
"""

MUSICNN = "data/musicnn/MTT_musicnn.safetensors"
TRAINED = settings.embed.sources.get("resnet18", "")  # weights trained elsewhere
WEIGHTS = {
    "musicnn": ancient(MUSICNN),
    "resnet18": ancient(TRAINED) if TRAINED else "results/{dataset}/train/model-resnet18_weights.safetensors",
}


rule embed_tags:
    """Tag every clip with musicnn."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        weights=ancient(MUSICNN),
    output:
        tags=directory("results/{dataset}/embed/model-musicnn_tags.zarr"),
    log:
        "logs/{dataset}/embed/model-musicnn_tags.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("embed_tags", "embeddings.musicnn"),
        digest=digest(MUSICNN),
    script:
        "../scripts/step.py"


rule embed_layers:
    """Run every clip through a network and average each layer in bins."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        weights=lambda w: WEIGHTS.get(w.model, []),
    output:
        layers=directory("results/{dataset}/embed/model-{model}_layers.zarr"),
    log:
        "logs/{dataset}/embed/model-{model}_layers.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
    params:
        code=code("embed_layers", "embeddings.{model}"),
        digest=weights_digest,
        model="{model}",
        source=lambda w: settings.embed.sources.get(w.model, ""),
        bin_s=settings.embed.bin_s,
    script:
        "../scripts/step.py"


rule embed_windows:
    """Embed the windows of every clip: exactly what was heard, in steps."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        weights=window_weights,
    output:
        windows=directory("results/{dataset}/embed/model-{model}_windows.zarr"),
    log:
        "logs/{dataset}/embed/model-{model}_windows.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        code=code("embed_windows", "embeddings.{model}"),
        digest=weights_digest,
        model="{model}",
        source=lambda w: settings.embed.sources.get(w.model, ""),
        step_s=settings.embed.step_s,
        clip_s=settings.bids.clip_s,
        random_crop=2 in settings.defects,
        seed=settings.decode.seed,
    script:
        "../scripts/step.py"


rule embed_clips:
    """Embed the clips of two styles, for a network that hears through a model."""
    input:
        clips="results/{dataset}/cut/clips.zarr",
        weights=window_weights,
    output:
        features=directory("results/{dataset}/embed/model-{model}_clips.zarr"),
    log:
        "logs/{dataset}/embed/model-{model}_clips.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        code=code("embed_clips", "embeddings.{model}"),
        digest=weights_digest,
        model="{model}",
        source=lambda w: settings.embed.sources.get(w.model, ""),
        step_s=settings.embed.step_s,
    script:
        "../scripts/step.py"


rule embed_volumes:
    """Convolve each layer with the haemodynamic response and sample it at every analysed volume."""
    input:
        layers="results/{dataset}/embed/model-{model}_layers.zarr",
        events=runs(RAW_BOLD),
    output:
        features=directory("results/{dataset}/embed/model-{model}_features.zarr"),
    log:
        "logs/{dataset}/embed/model-{model}_features.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("embed_volumes"),
        tr_s=settings.bids.tr_s,
        clip_s=settings.bids.clip_s,
        drop_s=settings.preprocess.drop_s,
    script:
        "../scripts/step.py"


rule embed_categories:
    """Code each block by its category: the model of a dataset without sound."""
    input:
        events=runs(RAW_BOLD),
    output:
        features=directory("results/{dataset}/embed/model-category_features.zarr"),
    log:
        "logs/{dataset}/embed/model-category_features.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("embed_categories"),
        tr_s=settings.bids.tr_s,
        clip_s=settings.bids.clip_s,
        drop_s=settings.preprocess.drop_s,
    script:
        "../scripts/step.py"


ruleorder: embed_categories > embed_volumes
