"""Draw the figures of neural_correlates: each as PNG, PDF and the table of its numbers.

in   what the other verbs made
out  results/{dataset}/figures/neural_correlates/*.png, *.pdf, *.tsv

Those of what was planted and of the tests stand in draw_inference.smk.
"""

DRAWN = "results/{dataset}/figures/neural_correlates"
CHECKED = "results/{dataset}/figures/{study}"  # quality, of every study with images
TASKS = {"neural_correlates": MUSIC, "brain2music": HEARD, "music_reconstruction": HEARD}
MNI_ANAT = "results/{dataset}/preprocess/sub-{sub}_space-MNI_anat.zarr"
GROUP = "results/{dataset}/compare/model-{model}_group.zarr"


rule draw_architecture:
    """F2: the tagger, layer by layer."""
    input:
        weights=ancient(TRAINED) if TRAINED else [],
    output:
        multiext(f"{DRAWN}/F2_architecture", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F2_architecture.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_architecture"),
        digest=digest(TRAINED) if TRAINED else "",
        width=settings.train.width,
        n_samples=settings.train.excerpt_samples,
    script:
        "../scripts/step.py"


rule draw_layers:
    """T1: the tagger, layer by layer: lengths, strides, receptive fields and parameters."""
    input:
        weights=ancient(TRAINED) if TRAINED else [],
    output:
        multiext(f"{DRAWN}/T1_layers", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/T1_layers.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_layers"),
        digest=digest(TRAINED) if TRAINED else "",
        width=settings.train.width,
        n_samples=settings.train.excerpt_samples,
    script:
        "../scripts/step.py"


rule draw_timeline:
    """F3: what was heard when, run by run."""
    input:
        bold=runs(RAW_BOLD),
    output:
        multiext(f"{DRAWN}/F3_timeline", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F3_timeline.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_timeline"),
    script:
        "../scripts/step.py"


rule draw_tag_auc:
    """F4: how well the tagger tells each tag on tracks that it never heard."""
    input:
        scores="results/{dataset}/train/model-resnet18_scores.zarr",
    output:
        multiext(f"{DRAWN}/F4_tag_auc", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F4_tag_auc.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_tag_auc"),
    script:
        "../scripts/step.py"


rule draw_layer_rdms:
    """F5: the geometry of each layer."""
    input:
        features="results/{dataset}/embed/model-{model}_features.zarr",
    output:
        multiext(
            f"{DRAWN}/F5_layer_rdms_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/F5_layer_rdms_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_layer_rdms"),
        standardize=settings.compare.standardize,
        remove_lag_mean=settings.compare.remove_lag_mean,
    script:
        "../scripts/step.py"


rule draw_rho_histograms:
    """F6: how similar each layer is to the brain, over all searchlights."""
    input:
        rsa=expand(RSA, sub=LISTENERS),
        published=expand(PUBLISHED_RSA, sub=LISTENERS),
    output:
        multiext(
            f"{DRAWN}/F6_rho_histograms_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/F6_rho_histograms_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_rho_histograms"),
    script:
        "../scripts/step.py"


rule draw_layer_counts:
    """F7: which layers the voxels of each hemisphere are most like."""
    input:
        group=GROUP,
    output:
        multiext(
            f"{DRAWN}/F7_layer_counts_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/F7_layer_counts_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_layer_counts"),
    script:
        "../scripts/step.py"


rule draw_surface_maps:
    """F8: activation and layer on the cortical surface."""
    input:
        group=GROUP,
    output:
        multiext(
            f"{DRAWN}/F8_surface_maps_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/F8_surface_maps_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_surface_maps"),
        views=["lateral", "medial"] if settings.simulated else ["lateral", "ventral"],
    script:
        "../scripts/step.py"


rule draw_volume_map:
    """Activation on slices of the template, with what survives family-wise correction outlined."""
    input:
        group=GROUP,
    output:
        multiext(
            f"{DRAWN}/S1_volume_map_model-{{model}}",
            png=".png",
            pdf=".pdf",
            table=".tsv",
        ),
    log:
        "logs/{dataset}/draw/S1_volume_map_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_volume_map"),
    script:
        "../scripts/step.py"


rule draw_registration:
    """Quality: how each subject's anatomy and BOLD lie in MNI space."""
    input:
        anat=lambda w: expand(MNI_ANAT, dataset=w.dataset, sub=subjects(TASKS[w.study])),
        bold=lambda w: runs(MNI_BOLD, tasks=TASKS[w.study]),
    output:
        multiext(f"{CHECKED}/Q1_registration", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/{study}_Q1_registration.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_registration"),
    script:
        "../scripts/step.py"


rule draw_motion:
    """Quality: head motion and framewise displacement of every run."""
    input:
        bold=lambda w: runs(MNI_BOLD, tasks=TASKS[w.study]),
    output:
        multiext(f"{CHECKED}/Q2_motion", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/{study}_Q2_motion.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_motion"),
    script:
        "../scripts/step.py"


FIGURES = {}  # by study

# The study's figures in the order of the report: recovery first, where there is a truth to recover.
TAGGED = "resnet18" in MODELS
SCORED = TAGGED and (settings.train.always or not settings.embed.sources.get("resnet18"))
LAYERED = [model for model in MODELS if model != "category"]
FIGURES["neural_correlates"] = [
    *([f"S2_recovery_model-{settings.simulate.driver}"] if settings.simulated else []),
    *(["F2_architecture", "T1_layers"] if TAGGED else []),
    "F3_timeline",
    *(["F4_tag_auc"] if SCORED else []),
    *(f"F5_layer_rdms_model-{model}" for model in MODELS),
    *(f"F6_rho_histograms_model-{model}" for model in MODELS),
    *(f"F7_layer_counts_model-{model}" for model in LAYERED),
    *(f"F8_surface_maps_model-{model}" for model in MODELS),
    *(f"S1_volume_map_model-{model}" for model in MODELS),
    *(f"S3_published_honest_model-{model}" for model in MODELS),
    *(f"S4_layer_tests_model-{model}" for model in LAYERED),
    "Q1_registration",
    "Q2_motion",
]
