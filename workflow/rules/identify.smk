"""Identify: which clip was heard, told from the predictions, with nulls, ceilings and intervals.

in   results/{dataset}/decode/..._predictions.zarr
out  results/{dataset}/identify/model-{model}_split-{split}_scores.zarr
"""

SCORES = "results/{dataset}/identify/model-{model}_split-{split}_scores.zarr"


rule identify_scores:
    """Score the predictions of all subjects and routes."""
    input:
        predictions=lambda w: expand(
            PREDICTIONS,
            sub=DECODED,
            route=settings.decode.routes if w.split == settings.audit.split else ROUTES_ABLATED,
            allow_missing=True,
        ),
    output:
        scores=directory(SCORES),
    log:
        "logs/{dataset}/identify/model-{model}_split-{split}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("identify_scores"),
        noise_subjects=NOISE,
        n_permutations=settings.identify.n_permutations,
        n_bootstraps=settings.identify.n_bootstraps,
        as_published=7 in settings.defects,
        seed=settings.identify.seed,
    script:
        "../scripts/step.py"


# Without one genre in training, one route is shown: the last.
ROUTES_ABLATED = settings.decode.routes[-1:]
