"""Draw the figures of brain2music: each as PNG, PDF and the table of its numbers.

in   results/{dataset}/{audit,encode,decode,identify,retrieve}/
out  results/{dataset}/figures/brain2music/*.png, *.pdf, *.tsv
"""

MUSIC_DRAWN = "results/{dataset}/figures/brain2music"
OFFICIAL = SCORES.replace("{split}", settings.audit.split)
ABLATED = SCORES.replace("{split}", "leave_genre_out")
TOLD = PREDICTIONS.replace("{split}", settings.audit.split)
FIRST, SECOND = (settings.encode.models * 2)[:2]  # compared voxel by voxel


rule draw_identification:
    """F4a: how often the clip that was heard is told from the others."""
    input:
        scores=expand(OFFICIAL, model=settings.decode.models, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/F4a_identification", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F4a_identification.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_identification"),
    script:
        "../scripts/step.py"


rule draw_class_agreement:
    """F4b: genres, instruments and moods of what was retrieved."""
    input:
        retrieved=expand(RETRIEVED, route=settings.decode.routes, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/F4b_class_agreement_model-{{model}}", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F4b_class_agreement_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_class_agreement"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_genre_identification:
    """F4c: identification genre by genre, and within a genre."""
    input:
        scores=[OFFICIAL],
    output:
        multiext(f"{MUSIC_DRAWN}/F4c_genre_identification_model-{{model}}", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F4c_genre_identification_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_genre_identification"),
    script:
        "../scripts/step.py"


rule draw_spectrograms:
    """F3 and A.2: stimuli beside what was retrieved from the brain."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        retrieved=RETRIEVED.replace("{route}", settings.decode.routes[0]),
    output:
        multiext(f"{MUSIC_DRAWN}/{{panel}}_spectrograms_model-{{model}}", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/{panel}_spectrograms_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_spectrograms"),
        folder=settings.retrieve.gallery,
        clip_s=settings.bids.clip_s,
        subjects=lambda w: "all" if w.panel == "A2" else "one",
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_encoding_maps:
    """F5a and A.3: where the brain follows a model."""
    input:
        encoding=expand(ENCODING, sub=DECODED, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/{{panel}}_encoding_maps_model-{{model}}", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/{panel}_encoding_maps_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_encoding_maps"),
        noise_subjects=NOISE,
        each=lambda w: w.panel == "A3",
    script:
        "../scripts/step.py"


rule draw_encoding_density:
    """F5b, A.4 and A.5: two models voxel by voxel."""
    input:
        first=expand(ENCODING, sub=DECODED, model=FIRST, allow_missing=True),
        second=expand(ENCODING, sub=DECODED, model=SECOND, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/F5b_encoding_density", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F5b_encoding_density.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_encoding_density"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_unique_variance:
    """F6: what text, audio and genre explain each by itself."""
    input:
        partition=expand(PARTITION, sub=DECODED, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/F6_unique_variance", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F6_unique_variance.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_unique_variance"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_genre_ablation:
    """F7a: a genre that the decoder never heard."""
    input:
        full=OFFICIAL,
        ablated=ABLATED,
    output:
        multiext(f"{MUSIC_DRAWN}/F7a_genre_ablation_model-{{model}}", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F7a_genre_ablation_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_genre_ablation"),
    script:
        "../scripts/step.py"


rule draw_voxel_overlap:
    """F7b: voxels that follow a model, the genre, or both."""
    input:
        first=expand(ENCODING, sub=DECODED, model=FIRST, allow_missing=True),
        second=expand(ENCODING, sub=DECODED, model="genre", allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/F7b_voxel_overlap", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F7b_voxel_overlap.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_voxel_overlap"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_layer_encoding:
    """How encoding changes with the depth of a network."""
    input:
        encoding=expand(ENCODING, sub=DECODED, model=settings.encode.layered, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/S1_layer_encoding", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S1_layer_encoding.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_layer_encoding"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_noise_ceiling:
    """What any model could explain at most."""
    input:
        encoding=expand(ENCODING, sub=DECODED, model=FIRST, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/S2_noise_ceiling", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S2_noise_ceiling.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_noise_ceiling"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_encoding_recovery:
    """Planted voxels against their ceiling, and the canary (simulated listeners only)."""
    input:
        recovery="results/{dataset}/encode/recovery.zarr",
        encoding=expand(ENCODING, sub=DECODED, model=settings.encode.models, allow_missing=True),
        truth=expand(PLANTED, sub=DECODED, allow_missing=True),
    output:
        multiext(f"{MUSIC_DRAWN}/S3_encoding_recovery", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S3_encoding_recovery.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_encoding_recovery"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_alpha_curve:
    """A.1: the score in training against the penalty."""
    input:
        predictions=expand(
            TOLD, sub=DECODED, model=settings.decode.models, route=settings.decode.routes, allow_missing=True
        ),
    output:
        multiext(f"{MUSIC_DRAWN}/A1_alpha_curve", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/A1_alpha_curve.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_alpha_curve"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"


rule draw_leakage:
    """What training and test share, by split."""
    input:
        splits=SPLITS,
    output:
        multiext(f"{MUSIC_DRAWN}/Q0_leakage", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/Q0_leakage.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_leakage"),
    script:
        "../scripts/step.py"


FIGURES["brain2music"] = [
    "F4a_identification",
    *([] if not settings.simulated else ["S3_encoding_recovery"]),
    *(f"F3_spectrograms_model-{model}" for model in settings.decode.models),
    *(f"F4b_class_agreement_model-{model}" for model in settings.decode.models),
    *(f"F4c_genre_identification_model-{model}" for model in settings.decode.models),
    *(f"F5a_encoding_maps_model-{model}" for model in settings.encode.models),
    "F5b_encoding_density",
    "F6_unique_variance",
    *(f"F7a_genre_ablation_model-{model}" for model in settings.decode.models[:1]),
    *(["F7b_voxel_overlap"] if "genre" in settings.encode.models else []),
    "A1_alpha_curve",
    *(f"A2_spectrograms_model-{model}" for model in settings.decode.models[:1]),
    *(f"A3_encoding_maps_model-{model}" for model in settings.encode.models[:1]),
    *(["S1_layer_encoding"] if settings.encode.layered else []),
    "S2_noise_ceiling",
    "Q0_leakage",
    "Q1_registration",
    "Q2_motion",
]
