"""Draw the figures of style_dream: each as PNG, PDF and the table of its numbers.

in   results/{dataset}/{tell,dream,imagine}/
out  results/{dataset}/figures/style_dream/*.png, *.pdf, *.tsv
"""

STYLE_DRAWN = "results/{dataset}/figures/style_dream"


rule draw_style_loss:
    """F21: training loss by epoch."""
    input:
        scores=ALL_TOLD,
    output:
        multiext(f"{STYLE_DRAWN}/F21_style_loss", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F21_style_loss.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_style_loss"),
    script:
        "../scripts/step.py"


rule draw_dream_waves:
    """F22: a clip, and its dreams of the layers, as waves."""
    input:
        dreams=DREAMS,
    output:
        multiext(f"{STYLE_DRAWN}/F22_dream_waves", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F22_dream_waves.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_dream_waves"),
    script:
        "../scripts/step.py"


rule draw_dream_spectrograms:
    """F23: the same as spectrograms."""
    input:
        dreams=DREAMS,
    output:
        multiext(f"{STYLE_DRAWN}/F23_dream_spectrograms", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/F23_dream_spectrograms.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_dream_spectrograms"),
    script:
        "../scripts/step.py"


rule draw_style_filters:
    """F24 to F26: the filters of a convolution."""
    input:
        weights=FIRST_WEIGHTS,
    output:
        multiext(f"{STYLE_DRAWN}/{{panel}}_style_filters", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/{panel}_style_filters.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("draw_style_filters"),
        layer=lambda w: {"F24": 1, "F25": 2, "F26": 3}[w.panel],
    script:
        "../scripts/step.py"


rule draw_style_epochs:
    """Table 1: loss and seconds of each epoch, beside those published."""
    input:
        scores=ALL_TOLD,
    output:
        multiext(f"{STYLE_DRAWN}/T1_style_epochs", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/T1_style_epochs.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_style_epochs"),
    script:
        "../scripts/step.py"


rule draw_style_accuracy:
    """Ours: accuracy by split, what leaks, and the canary."""
    input:
        scores=ALL_TOLD,
    output:
        multiext(f"{STYLE_DRAWN}/S1_style_accuracy", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S1_style_accuracy.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_style_accuracy"),
    script:
        "../scripts/step.py"


rule draw_dream_objectives:
    """Ours: how the objective rises."""
    input:
        dreams=DREAMS,
    output:
        multiext(f"{STYLE_DRAWN}/S2_dream_objectives", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S2_dream_objectives.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_dream_objectives"),
    script:
        "../scripts/step.py"


rule draw_dream_styled:
    """Style transfer, a published negative result, and inversion."""
    input:
        dreams=STYLED,
    output:
        multiext(f"{STYLE_DRAWN}/S3_dream_styled", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S3_dream_styled.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_dream_styled"),
    script:
        "../scripts/step.py"


rule draw_receptive_fields:
    """Ours: what a unit of each layer can hear."""
    output:
        multiext(f"{STYLE_DRAWN}/S4_receptive_fields", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S4_receptive_fields.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("draw_receptive_fields"),
        rate_hz=settings.cut.rate_hz,
    script:
        "../scripts/step.py"


rule draw_dream_brain:
    """Ours: sounds that a brain should answer to more."""
    input:
        dreams=IMAGINED,
    output:
        multiext(f"{STYLE_DRAWN}/S5_dream_brain", png=".png", pdf=".pdf", table=".tsv"),
    log:
        "logs/{dataset}/draw/S5_dream_brain.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("draw_dream_brain"),
    script:
        "../scripts/step.py"


FIGURES["style_dream"] = [
    "S1_style_accuracy",
    "F21_style_loss",
    "F22_dream_waves",
    "F23_dream_spectrograms",
    "F24_style_filters",
    "F25_style_filters",
    "F26_style_filters",
    "T1_style_epochs",
    "S2_dream_objectives",
    "S3_dream_styled",
    "S4_receptive_fields",
    *(["S5_dream_brain"] if DECODING else []),
]
