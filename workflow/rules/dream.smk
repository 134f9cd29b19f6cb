"""Dream: sounds that a layer of the network answers to more, style transfer, and inversion.

in   results/{dataset}/cut/clips.zarr, tell/split-*_seed-*_weights.safetensors
out  results/{dataset}/dream/audio.zarr, styled.zarr, and WAVs beside them in dreams/ and styled/
"""

DREAMS = "results/{dataset}/dream/audio.zarr"
STYLED = "results/{dataset}/dream/styled.zarr"
DREAM_SOUNDS = "results/{dataset}/dream/dreams"
STYLED_SOUNDS = "results/{dataset}/dream/styled"


rule dream_audio:
    """Change clips until a layer answers as much as it can; a dream for each clip and layer."""
    input:
        clips=CLIPS,
        weights=FIRST_WEIGHTS,
        scores=FIRST_TOLD,
    output:
        dreams=directory(DREAMS),
        sounds=directory(DREAM_SOUNDS),
    log:
        "logs/{dataset}/dream/audio.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=8000,
    params:
        code=code("dream_audio"),
        layers=settings.dream.layers,
        n_clips=settings.dream.n_clips,
        objective=settings.dream.objective,
        optimiser=settings.dream.optimiser,
        bounded=settings.dream.bounded,
        max_iterations=settings.dream.max_iterations,
        priors=settings.dream.priors,
        max_shift=settings.dream.max_shift,
        from_style=settings.dream.from_style,
        to_style=settings.dream.to_style,
        seed=settings.dream.seed,
    script:
        "../scripts/step.py"


rule dream_styled:
    """Give a clip another's style, which is known to fail, and rebuild one from a layer."""
    input:
        clips=CLIPS,
        weights=FIRST_WEIGHTS,
        scores=FIRST_TOLD,
    output:
        dreams=directory(STYLED),
        sounds=directory(STYLED_SOUNDS),
    log:
        "logs/{dataset}/dream/styled.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=8000,
    params:
        code=code("dream_styled"),
        content_layer=settings.dream.content_layer,
        style_layers=settings.dream.style_layers,
        alpha=settings.dream.alpha,
        beta=settings.dream.beta,
        inversion_layer=settings.dream.inversion_layer,
        bounded=settings.dream.bounded,
        max_iterations=settings.dream.max_iterations,
        priors=settings.dream.priors,
        from_style=settings.dream.from_style,
        to_style=settings.dream.to_style,
        seed=settings.dream.seed,
    script:
        "../scripts/step.py"
