"""Retrieve: the music of a gallery that lies nearest to what was decoded.

in   results/{dataset}/decode/..._predictions.zarr, embed/model-{model}_windows.zarr
out  results/{dataset}/retrieve/model-{model}_gallery.zarr, model-{model}_route-{route}_retrieved.zarr
"""

GALLERY = "results/{dataset}/retrieve/model-{model}_gallery.zarr"
RETRIEVED = "results/{dataset}/retrieve/model-{model}_route-{route}_retrieved.zarr"
OUTSIDE = bool(settings.retrieve.gallery)
GALLERY_TAGS = "results/{dataset}/retrieve/gallery_tags.zarr"


rule retrieve_gallery:
    """Embed the gallery: a folder of audio, or the corpus itself."""
    input:
        audio=[] if OUTSIDE else "results/{dataset}/ingest/audio.zarr",
        windows=[] if OUTSIDE else "results/{dataset}/embed/model-{model}_windows.zarr",
        weights=lambda w: WEIGHTS.get(w.model, []) if OUTSIDE else [],
    output:
        gallery=directory(GALLERY),
    log:
        "logs/{dataset}/retrieve/model-{model}_gallery.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=8000,
        runtime=600,
    params:
        code=code("retrieve_gallery", "embeddings.{model}"),
        folder=settings.retrieve.gallery,
        model="{model}",
        source=lambda w: settings.embed.sources.get(w.model, ""),
        step_s=settings.embed.step_s,
        clip_s=settings.bids.clip_s,
    script:
        "../scripts/step.py"


rule retrieve_tags:
    """Tag a gallery of its own with musicnn."""
    input:
        weights=ancient(MUSICNN),
    output:
        tags=directory(GALLERY_TAGS),
    log:
        "logs/{dataset}/retrieve/gallery_tags.log",
    conda:
        "../envs/torch.yaml"
    resources:
        runtime=600,
    params:
        code=code("retrieve_tags", "embeddings.musicnn"),
        folder=settings.retrieve.gallery,
        clip_s=settings.bids.clip_s,
        digest=digest(MUSICNN),
    script:
        "../scripts/step.py"


rule retrieve_clips:
    """Find each prediction's nearest music, and hold it against the stimulus in another space."""
    input:
        predictions=lambda w: expand(PREDICTIONS, sub=DECODED, split=settings.audit.split, allow_missing=True),
        gallery=GALLERY,
        other_gallery=f"results/{{dataset}}/retrieve/model-{settings.retrieve.other}_gallery.zarr",
        other_windows=f"results/{{dataset}}/embed/model-{settings.retrieve.other}_windows.zarr",
        tags="results/{dataset}/embed/model-musicnn_tags.zarr",
        gallery_tags=GALLERY_TAGS if OUTSIDE else [],
        splits=SPLITS,
    output:
        retrieved=directory(RETRIEVED),
    log:
        "logs/{dataset}/retrieve/model-{model}_route-{route}.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("retrieve_clips"),
        n_best=settings.retrieve.n_best,
        similarity=settings.retrieve.similarity,
        seed=settings.retrieve.seed,
    script:
        "../scripts/step.py"
