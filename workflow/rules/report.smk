"""Report: one page with the figures of all studies, their numbers, and how they were made.

in   every figure and the results behind them
out  results/{dataset}/report.html
"""

STUDIES = {
    study: [f"results/{settings.dataset}/figures/{study}/{name}.png" for name in FIGURES[study]]
    for study in settings.studies
}
DRAWN_FIGURES = [path for paths in STUDIES.values() for path in paths]

# The results that the report quotes, and whose making it tells.
QUOTED = [
    *(f"compare/model-{model}_group" for model in MODELS if MUSIC),
    *([f"compare/model-{settings.simulate.driver}_recovery"] if settings.simulated and MUSIC else []),
    *(["train/model-resnet18_scores"] if TAGGED and MUSIC else []),
    *(f"embed/model-{model}_features" for model in MODELS if MUSIC),
    *(f"preprocess/sub-{sub}_space-MNI_patterns" for sub in SUBJECTS),
    *runs("preprocess/sub-{sub}_{recording}_space-MNI_bold"),
    *(f"identify/model-{model}_split-{settings.audit.split}_scores" for model in settings.decode.models if DECODING),
    *(["encode/recovery"] if DECODING and settings.simulated else []),
    *(["audit/splits"] if DECODING else []),
    *(["regress/story"] if "story" in settings.studies else []),
]

# The settings that its methods text tells.
METHOD = {
    "confounds": settings.preprocess.confounds,
    "bin_s": settings.embed.bin_s,
    "n_voxels": settings.compare.n_voxels,
    "n_permutations": settings.compare.n_permutations,
    "standardize": settings.compare.standardize,
    "remove_lag_mean": settings.compare.remove_lag_mean,
    "pairs": settings.compare.pairs,
    "q": settings.compare.q,
}


rule draw_report:
    """One page: the numbers, every figure, how they were made and what they can't say."""
    input:
        figures=DRAWN_FIGURES,
        tables=[path.replace(".png", ".tsv") for path in DRAWN_FIGURES],
        stores=[f"results/{settings.dataset}/{name}.zarr" for name in QUOTED],
    output:
        html="results/{dataset}/report.html",
    log:
        "logs/{dataset}/draw/report.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_report"),
        digest=digest(ROOT / "src/heschl/figures/report.html.j2"),
        title=settings.title,
        config=settings.model_dump(mode="json", exclude_unset=True),
        method=METHOD,
    script:
        "../scripts/step.py"
