"""Regress: predictors of a story against the time courses of regions (published tables, no images).

in   the folder story.dir
out  results/{dataset}/regress/story.zarr
"""


rule regress_story:
    """Predict each region's time course from the sound power of the story."""
    input:
        folder=ancient(settings.story.dir) if settings.story.dir else [],
    output:
        encoding=directory("results/{dataset}/regress/story.zarr"),
    log:
        "logs/{dataset}/regress/story.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("regress_story"),
        radius=settings.story.radius,
        delays_tr=settings.story.delays_tr,
        n_folds=settings.story.n_folds,
        high_pass_hz=settings.preprocess.high_pass_hz,
        seed=settings.encode.seed,
    script:
        "../scripts/step.py"


rule draw_story_encoding:
    """Sound power in six regions, listener by listener."""
    input:
        encoding="results/{dataset}/regress/story.zarr",
    output:
        multiext(
            "results/{dataset}/figures/story/story_encoding",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/story_encoding.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_story_encoding"),
    script:
        "../scripts/step.py"


FIGURES["story"] = ["story_encoding"]
