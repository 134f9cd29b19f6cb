"""Fit: a clockwork RNN follows the first component of one participant (4.4).

in   results/{dataset}/beamform/sub-{sub}_components.zarr
out  results/{dataset}/fit/series.zarr
"""


rule fit_series:
    """Predict each sample of the series from the one before, and keep early, middle and late outputs."""
    input:
        components=expand(COMPONENTS, sub=MEG_SUBJECTS, allow_missing=True),
    output:
        fit=directory("results/{dataset}/fit/series.zarr"),
    log:
        "logs/{dataset}/fit/series.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("fit_series"),
        iterations=settings.fit.iterations,
        keep=[0, settings.fit.iterations // 30, settings.fit.iterations // 3, settings.fit.iterations],
        seed=settings.fit.seed,
    script:
        "../scripts/step.py"
