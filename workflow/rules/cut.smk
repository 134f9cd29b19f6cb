"""Cut: music of two or more styles into clips, for style_dream.

out  results/{dataset}/cut/clips.zarr
"""

CLIPS = "results/{dataset}/cut/clips.zarr"


rule cut_clips:
    """Cut every track into clips; what is silent, clipped, damaged or too short is told and left out."""
    input:
        files=[ancient(str(track.file)) for track in STYLE_TRACKS],
    output:
        clips=directory(CLIPS),
    log:
        "logs/{dataset}/cut/clips.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("cut_clips"),
        digest=STYLE_DIGEST,
        folder=settings.cut.dir,
        rate_hz=settings.cut.rate_hz,
        clip_s=settings.cut.clip_s,
        trim_s=settings.cut.trim_s,
        longest_s=settings.cut.longest_s,
    script:
        "../scripts/step.py"
