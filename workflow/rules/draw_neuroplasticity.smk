"""Draw the figures of neuroplasticity: each as PNG, PDF and the table of its numbers.

in   results/{dataset}/{beamform,classify,contrast,fit}/
out  results/{dataset}/figures/neuroplasticity/*.png, *.pdf, *.tsv
"""

MEG_DRAWN = "results/{dataset}/figures/neuroplasticity"
SUMMARY = "results/{dataset}/contrast/summary.zarr"
# Of all participants: the first one who can be used is drawn.
ALL_COMPONENTS = expand(COMPONENTS, sub=MEG_SUBJECTS, allow_missing=True)
FIRST_CLUSTERS = CLASSIFIED.replace("{experiment}", "clusters").replace("{seed}", str(SEEDS[0]))
ALL_POWER = expand(POWER, sub=MEG_SUBJECTS, ses=MEG_SESSIONS[:1], allow_missing=True)


rule draw_component_series:
    """F1: the first component before and after (B of the paper is a photograph)."""
    input:
        components=ALL_COMPONENTS,
    output:
        multiext(f"{MEG_DRAWN}/F1_component_series", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F1_component_series.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_component_series"),
        beat_s=settings.meg.beat_s,
    script:
        "../scripts/step.py"


rule draw_meg_pipeline:
    """F2: from one epoch of one voxel to the series of all voxels."""
    input:
        power=ALL_POWER,
        samples=SAMPLES,
    output:
        multiext(f"{MEG_DRAWN}/F2_meg_pipeline", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F2_meg_pipeline.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_meg_pipeline"),
        beat_s=settings.meg.beat_s,
    script:
        "../scripts/step.py"


rule draw_voxel_sphere:
    """F3: the voxels that all share."""
    input:
        samples=SAMPLES,
    output:
        multiext(f"{MEG_DRAWN}/F3_voxel_sphere", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F3_voxel_sphere.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_voxel_sphere"),
    script:
        "../scripts/step.py"


rule draw_subject_network:
    """F4, F5: networks A and B, layer by layer."""
    output:
        multiext(f"{MEG_DRAWN}/{{panel}}_subject_network", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/{panel}_subject_network.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("draw_subject_network"),
        network=lambda w: {"F4": "a", "F5": "b"}[w.panel],
    script:
        "../scripts/step.py"


rule draw_cluster_example:
    """F6: one cluster in the head."""
    input:
        clusters=FIRST_CLUSTERS,
        samples=SAMPLES,
    output:
        multiext(f"{MEG_DRAWN}/F6_cluster_example", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F6_cluster_example.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_cluster_example"),
    script:
        "../scripts/step.py"


rule draw_component_panels:
    """F7: the first components before and after."""
    input:
        components=ALL_COMPONENTS,
    output:
        multiext(f"{MEG_DRAWN}/F7_component_panels", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F7_component_panels.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_component_panels"),
        beat_s=settings.meg.beat_s,
    script:
        "../scripts/step.py"


rule draw_accuracy_bars:
    """F8: accuracy of 4.1 and 4.3."""
    input:
        summary=SUMMARY,
    output:
        multiext(f"{MEG_DRAWN}/F8_accuracy_bars", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F8_accuracy_bars.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_accuracy_bars"),
    script:
        "../scripts/step.py"


rule draw_cluster_accuracy:
    """F9: accuracy of each cluster, and loss curves."""
    input:
        summary=SUMMARY,
        clusters=expand(CLASSIFIED, experiment="clusters", seed=SEEDS, allow_missing=True),
    output:
        multiext(f"{MEG_DRAWN}/F9_cluster_accuracy", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F9_cluster_accuracy.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_cluster_accuracy"),
    script:
        "../scripts/step.py"


rule draw_cluster_map:
    """F10: clusters on the head by their accuracy after training."""
    input:
        summary=SUMMARY,
        samples=SAMPLES,
    output:
        multiext(f"{MEG_DRAWN}/F10_cluster_map", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F10_cluster_map.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_cluster_map"),
    script:
        "../scripts/step.py"


rule draw_component_loss:
    """F11: loss of 4.3 while training."""
    input:
        components=expand(CLASSIFIED, experiment="components", seed=SEEDS, allow_missing=True),
    output:
        multiext(f"{MEG_DRAWN}/F11_component_loss", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F11_component_loss.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_component_loss"),
    script:
        "../scripts/step.py"


rule draw_clockwork_fit:
    """F12: the clockwork RNN early and mid training."""
    input:
        fit="results/{dataset}/fit/series.zarr",
    output:
        multiext(f"{MEG_DRAWN}/F12_clockwork_fit", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F12_clockwork_fit.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_clockwork_fit"),
    script:
        "../scripts/step.py"


rule draw_plasticity_drift:
    """Ours: what of the drop is drift, and what is not."""
    input:
        summary=SUMMARY,
    output:
        multiext(f"{MEG_DRAWN}/S1_plasticity_drift", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S1_plasticity_drift.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_plasticity_drift"),
    script:
        "../scripts/step.py"


rule draw_cluster_recovery:
    """Ours: clusters found against clusters planted."""
    input:
        summary=SUMMARY,
    output:
        multiext(f"{MEG_DRAWN}/S2_cluster_recovery", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S2_cluster_recovery.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_cluster_recovery"),
    script:
        "../scripts/step.py"


rule draw_subject_controls:
    """Ours: splits that do not leak, controls and baselines."""
    input:
        summary=SUMMARY,
        full=expand(CLASSIFIED, experiment="full", seed=SEEDS, allow_missing=True),
    output:
        multiext(f"{MEG_DRAWN}/S3_subject_controls", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S3_subject_controls.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_subject_controls"),
    script:
        "../scripts/step.py"


rule draw_subject_confusion:
    """Ours: who is taken for whom."""
    input:
        full=expand(CLASSIFIED, experiment="full", seed=SEEDS, allow_missing=True),
    output:
        multiext(f"{MEG_DRAWN}/S4_subject_confusion", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S4_subject_confusion.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_subject_confusion"),
    script:
        "../scripts/step.py"


FIGURES["neuroplasticity"] = [
    "F1_component_series",
    "F2_meg_pipeline",
    "F3_voxel_sphere",
    "F4_subject_network",
    "F5_subject_network",
    "F6_cluster_example",
    "F7_component_panels",
    "F8_accuracy_bars",
    "F9_cluster_accuracy",
    "F10_cluster_map",
    "F11_component_loss",
    "F12_clockwork_fit",
    "S1_plasticity_drift",
    "S2_cluster_recovery",
    "S3_subject_controls",
    "S4_subject_confusion",
]
