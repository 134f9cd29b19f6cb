"""Draw what the tests of neural_correlates find, and what was planted: PNG, PDF and the table of numbers.

in   results/{dataset}/compare/model-{model}_{who}.zarr, who of group, hrf, noise
     results/{dataset}/compare/model-{model}_recovery.zarr (simulated listeners)
     results/{dataset}/infer/model-{model}_{layers,ceiling,bootstrap}.zarr
out  results/{dataset}/figures/neural_correlates/S2_*, S3_*, S4_*
"""

COMPARED = [  # the listeners, and those of whom there are two at least: one has no t
    f"results/{{dataset}}/compare/model-{{model}}_{who}.zarr"
    for who, members in GROUPS.items()
    if who == "group" or len(members) > 1
]
TESTED = "results/{dataset}/infer/model-{model}"


rule draw_recovery:
    """Planted against recovered layers, the canary, and the motion that was injected and found."""
    input:
        recovery="results/{dataset}/compare/model-{model}_recovery.zarr",
        rsa=expand(RSA, sub=SUBJECTS),
    output:
        multiext(
            f"{DRAWN}/S2_recovery_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/S2_recovery_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_recovery"),
        gradient=settings.simulate.gradient,
    script:
        "../scripts/step.py"


rule draw_published_honest:
    """What the published test and ours find in listeners, and where there is nothing to find."""
    input:
        groups=COMPARED,
    output:
        multiext(
            f"{DRAWN}/S3_published_honest_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/S3_published_honest_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_published_honest"),
    script:
        "../scripts/step.py"


rule draw_layer_tests:
    """What each layer adds to the others, regions of the gyrus with intervals, and what each test finds."""
    input:
        layers=f"{TESTED}_layers.zarr",
        ceiling=f"{TESTED}_ceiling.zarr",
        bootstrap=f"{TESTED}_bootstrap.zarr",
        group=GROUP,
    output:
        multiext(
            f"{DRAWN}/S4_layer_tests_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/S4_layer_tests_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_layer_tests"),
    script:
        "../scripts/step.py"
