"""Report: one page with the figures of all studies, their numbers, and how they were made.

in   every figure and the results behind them
out  results/{dataset}/report.html
"""

STUDIES = {
    study: [f"results/{settings.dataset}/figures/{study}/{name}.png" for name in FIGURES[study]]
    for study in settings.studies
}
DRAWN_FIGURES = [path for paths in STUDIES.values() for path in paths]

BY_SPLIT = [(model, settings.audit.split) for model in settings.decode.models]
BY_SPLIT += [(model, "leave_genre_out") for model in settings.decode.models[:1] if "brain2music" in DECODING]

# The results that the report quotes, and whose making it tells. Each is one that a figure needs anyway.
QUOTED = [
    *(f"identify/model-{model}_split-{split}_scores" for model, split in BY_SPLIT if DECODING),
    *(["encode/recovery"] if DECODING and settings.simulated else []),
    *(["audit/splits"] if DECODING else []),
    *(f"compare/model-{model}_group" for model in MODELS if MUSIC),
    *(f"infer/model-{model}_{name}" for model in LAYERED for name in ("layers", "ceiling", "bootstrap") if MUSIC),
    *([f"compare/model-{settings.simulate.driver}_recovery"] if settings.simulated and MUSIC else []),
    *(["train/model-resnet18_scores"] if SCORED and MUSIC else []),
    *(["regress/story"] if "story" in settings.studies else []),
    *(["contrast/summary", "fit/series"] if MEG else []),
    *(path.removeprefix("results/{dataset}/").removesuffix(".zarr") for path in ALL_TOLD if DREAMT),
    *(["cut/clips", "dream/audio", "dream/styled"] if DREAMT else []),
    *(["imagine/brain"] if DREAMT and DECODING else []),
    *(f"record/sub-{sub}_truth" for sub in MEG_SUBJECTS[:1] if MEG_SIMULATED),
    *(f"embed/model-{model}_features" for model in MODELS if MUSIC),
    *(f"preprocess/sub-{sub}_space-MNI_patterns" for sub in SUBJECTS),
    *runs("preprocess/sub-{sub}_{recording}_space-MNI_bold", tasks=MUSIC + HEARD),
    *(f"encode/sub-{sub}_model-{model}_encoding" for sub in DECODED for model in settings.encode.models),
    *(f"encode/sub-{sub}_partition" for sub in DECODED if "brain2music" in DECODING),
    *(f"align/sub-{sub}_model-{TARGET}_aligned" for sub in DECODED if "music_reconstruction" in DECODING),
    *(
        f"retrieve/model-{model}_route-{route}_retrieved"
        for model in settings.decode.models
        for route in settings.decode.routes
        if "brain2music" in DECODING
    ),
]

# Folders of WAVs that the page plays.
SOUNDS = [DREAM_SOUNDS, STYLED_SOUNDS, *([IMAGINED_SOUNDS] if DECODING else [])] if DREAMT else []

# The settings that its methods text tells: of neural_correlates by name, of the other studies by section.
METHOD = {
    "confounds": settings.preprocess.confounds,
    "bin_s": settings.embed.bin_s,
    "n_voxels": settings.compare.n_voxels,
    "published_n_voxels": settings.compare.published_n_voxels,
    "n_permutations": settings.compare.n_permutations,
    "standardize": settings.compare.standardize,
    "remove_lag_mean": settings.compare.remove_lag_mean,
    "pairs": settings.compare.pairs,
    "q": settings.compare.q,
    "dataset": settings.dataset,
    "defects": sorted(settings.defects),
    "clip_s": settings.bids.clip_s,
    "step_s": settings.embed.step_s,
    "sources": settings.embed.sources,
} | {
    name: getattr(settings, name).model_dump(mode="json")
    for name in (
        *("listen", "respond", "audit", "encode", "decode", "align", "identify", "retrieve", "story"),
        *("meg", "record", "beamform", "classify", "contrast", "fit"),
        *("cut", "tell", "dream", "imagine"),
    )
}


rule draw_report:
    """One page: the numbers, every figure, how they were made and what they can't say."""
    input:
        figures=DRAWN_FIGURES,
        tables=[path.replace(".png", ".tsv") for path in DRAWN_FIGURES],
        stores=[f"results/{settings.dataset}/{name}.zarr" for name in QUOTED],
        sounds=SOUNDS,
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
