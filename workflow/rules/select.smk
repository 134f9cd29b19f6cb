"""Select clips for the scanner: 16 test and 128 training clips of MagnaTagATune that differ in their tags.

in   annotations_final.csv of MagnaTagATune, in select.dir
out  results/{dataset}/select/stimuli.tsv, stimuli.zarr
"""


rule select_stimuli:
    """Clean the tags, cluster the clips by them, and take from each cluster those that are least alike."""
    input:
        annotations=f"{settings.select.dir}/annotations_final.csv" if settings.select.dir else [],
    output:
        table="results/{dataset}/select/stimuli.tsv",
        stimuli=directory("results/{dataset}/select/stimuli.zarr"),
    log:
        "logs/{dataset}/select/stimuli.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=3000,
    params:
        code=code("select_stimuli"),
        n_clusters=settings.select.n_clusters,
        n_passes=settings.select.n_passes,
        medoids=settings.select.medoids,
        merge_synonyms=settings.select.merge_synonyms,
        skip_song_start=settings.select.skip_song_start,
    script:
        "../scripts/step.py"
