"""Bring recordings and music in: raw BIDS and audio become checked Zarr.

in   the BIDS dataset, the corpus
out  results/{dataset}/ingest/audio.zarr
     results/{dataset}/ingest/sub-{sub}_T1w.zarr
     results/{dataset}/ingest/sub-{sub}_{recording}_bold.zarr
"""

# GTZAN has no manifest: what was heard of it stands in the events.
GTZAN = settings.corpus.plugin == "gtzan"
MANIFEST = "" if GTZAN else f"{settings.corpus.dir}/manifest.csv"
GTZAN_EVENTS = sorted({str(r.events) for r in RECORDINGS.values() if r.task in HEARD}) if GTZAN else []


rule ingest_audio:
    """Decode the corpus once, checking every clip against its manifest."""
    input:
        manifest=ancient(MANIFEST) if MANIFEST else [],
        events=GTZAN_EVENTS,
    output:
        audio=directory("results/{dataset}/ingest/audio.zarr"),
    log:
        "logs/{dataset}/ingest/audio.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("ingest_audio", f"datasets.{settings.corpus.plugin}"),
        plugin=settings.corpus.plugin,
        folder=lambda w: settings.corpus.dir,
        whole_file=1 in settings.defects,
        digest=digest(MANIFEST) if MANIFEST else "",
    script:
        "../scripts/step.py"


rule ingest_anat:
    """Read one T1-weighted image, refusing what is damaged."""
    input:
        nifti=lambda w: str(next(r.t1w for (s, _), r in RECORDINGS.items() if s == w.sub)),
    output:
        t1w=directory("results/{dataset}/ingest/sub-{sub}_T1w.zarr"),
    log:
        "logs/{dataset}/ingest/sub-{sub}_T1w.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("ingest_anat"),
    script:
        "../scripts/step.py"


rule ingest_bold:
    """Read one run with its sidecars and events; refuse what disagrees."""
    input:
        nifti=lambda w: str(recording(w).bold),
        sidecars=lambda w: [str(p) for p in recording(w).sidecars],
        events=lambda w: str(recording(w).events),
    output:
        bold=directory("results/{dataset}/ingest/sub-{sub}_{recording}_bold.zarr"),
    log:
        "logs/{dataset}/ingest/sub-{sub}_{recording}_bold.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("ingest_bold"),
        stimulus=lambda w: settings.respond.stimulus if recording(w).task in HEARD else settings.bids.stimulus,
        drop_first_event=lambda w: recording(w).task not in HEARD and settings.bids.drop_first_event,
        tr_s=settings.bids.tr_s,
    script:
        "../scripts/step.py"
