"""Gather a corpus that is too large for memory, to train on.

in   annotations_final.csv and the mp3 of MagnaTagATune, in select.dir
out  results/{dataset}/gather/magnatagatune.zarr
"""


rule gather_magnatagatune:
    """Decode every clip of MagnaTagATune once, beside its tags and part."""
    input:
        annotations=f"{settings.select.dir}/annotations_final.csv" if settings.select.dir else [],
    output:
        corpus=directory("results/{dataset}/gather/magnatagatune.zarr"),
    log:
        "logs/{dataset}/gather/magnatagatune.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        code=code("gather_magnatagatune"),
    script:
        "../scripts/step.py"
