"""Draw the figures of music_reconstruction: each as PNG, PDF and the table of its numbers.

in   results/{dataset}/{decode,identify,align,encode}/
out  results/{dataset}/figures/music_reconstruction/*.png, *.pdf, *.tsv
"""

DECODED_DRAWN = "results/{dataset}/figures/music_reconstruction"
ROUTE = settings.decode.routes[-1]  # shown where one has to be chosen: the study's own is voxel
TARGET = settings.decode.models[0]  # the embedding that is aligned
OF_TARGET = OFFICIAL.replace("{model}", TARGET)


rule draw_decoded_regions:
    """F3: the parcels and voxels that were decoded."""
    input:
        predictions=expand(TOLD, sub=DECODED, model=TARGET, route=settings.decode.routes, allow_missing=True),
        encoding=expand(ENCODING, sub=DECODED, model=FIRST, allow_missing=True),
    output:
        multiext(f"{DECODED_DRAWN}/F3_decoded_regions", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F3_decoded_regions.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_decoded_regions"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_identification_table:
    """Table 1: own decoders, decoders of others, and baselines."""
    input:
        scores=OF_TARGET,
        aligned=expand(ALIGNED, sub=DECODED, model=TARGET, allow_missing=True),
    output:
        multiext(f"{DECODED_DRAWN}/T1_identification_table", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/T1_identification_table.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_identification_table"),
        noise_subjects=NOISE,
        n_bootstraps=settings.identify.n_bootstraps,
        seed=settings.identify.seed,
    script:
        "../scripts/step.py"


rule draw_similarity_matrix:
    """F4: every prediction against every clip, sorted by genre."""
    input:
        scores=OF_TARGET,
    output:
        multiext(f"{DECODED_DRAWN}/F4_similarity_matrix", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F4_similarity_matrix.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_similarity_matrix"),
        route=ROUTE,
    script:
        "../scripts/step.py"


rule draw_alignment_curves:
    """How many clips alignment needs."""
    input:
        aligned=expand(ALIGNED, sub=DECODED, model=TARGET, allow_missing=True),
    output:
        multiext(f"{DECODED_DRAWN}/S1_alignment_curves", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S1_alignment_curves.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_alignment_curves"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_threshold_curve:
    """Identification against the threshold of the mask."""
    input:
        sweeps=expand(SWEEPS, sub=DECODED, model=TARGET, allow_missing=True),
    output:
        multiext(f"{DECODED_DRAWN}/S2_threshold_curve", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S2_threshold_curve.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_threshold_curve"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_time_curve:
    """Identification volume by volume after the onset of a clip."""
    input:
        sweeps=expand(SWEEPS, sub=DECODED, model=TARGET, allow_missing=True),
    output:
        multiext(f"{DECODED_DRAWN}/S3_time_curve", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S3_time_curve.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_time_curve"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_genre_confusion:
    """Which genres are taken for which."""
    input:
        scores=OF_TARGET,
    output:
        multiext(f"{DECODED_DRAWN}/S4_genre_confusion", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S4_genre_confusion.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_genre_confusion"),
        route=ROUTE,
    script:
        "../scripts/step.py"


rule draw_top_k:
    """How often the clip, or its genre, is among the first."""
    input:
        scores=OF_TARGET,
    output:
        multiext(f"{DECODED_DRAWN}/S5_top_k", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S5_top_k.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_top_k"),
    script:
        "../scripts/step.py"


rule draw_embedding_map:
    """True and predicted embeddings side by side."""
    input:
        predictions=expand(TOLD, sub=DECODED, model=TARGET, route=ROUTE, allow_missing=True),
    output:
        multiext(f"{DECODED_DRAWN}/S6_embedding_map", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S6_embedding_map.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_embedding_map"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_published:
    """Published numbers, ours, and why they differ."""
    input:
        scores=expand(OFFICIAL, model=settings.decode.models, allow_missing=True),
        encoding=expand(ENCODING, sub=DECODED, model=settings.encode.models, allow_missing=True),
        aligned=expand(ALIGNED, sub=DECODED, model=TARGET, allow_missing=True),
        splits=SPLITS,
        sweeps=expand(SWEEPS, sub=DECODED, model=TARGET, allow_missing=True),
        predictions=expand(
            TOLD, sub=DECODED, model=settings.decode.models, route=settings.decode.routes, allow_missing=True
        ),
    output:
        multiext(f"{DECODED_DRAWN}/T2_published", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/T2_published.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_published"),
        dataset=settings.dataset,
        simulated=settings.simulated,
        defects=sorted(settings.defects),
    script:
        "../scripts/step.py"


FIGURES["music_reconstruction"] = [
    "T1_identification_table",
    "F3_decoded_regions",
    "F4_similarity_matrix",
    "S1_alignment_curves",
    "S2_threshold_curve",
    "S3_time_curve",
    "S4_genre_confusion",
    "S5_top_k",
    "S6_embedding_map",
    "T2_published",
    *(["Q1_registration", "Q2_motion"] if "brain2music" not in settings.studies else []),  # the same runs
]
