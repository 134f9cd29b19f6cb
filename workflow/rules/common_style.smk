"""Shared by the rules of style_dream. Its music, listed when the plan is made."""

from heschl.datasets import style_folders

DREAMT = "style_dream" in settings.studies


def style_tracks():
    """List the music of the study, and what its files are: of what came with the clone the age says nothing."""
    if not DREAMT:
        return [], ""
    tracks = style_folders.find(Path(settings.cut.dir))
    if settings.cut.dir.startswith("data/"):
        return tracks, digest(Path(settings.cut.dir, "manifest.csv"))
    about = [(str(t.file), t.file.stat().st_size, t.file.stat().st_mtime_ns) for t in tracks]
    return tracks, hashlib.sha256(repr(about).encode()).hexdigest()[:12]


def style_features(wildcards):
    """Return the features that a network hears instead of sound: the user's own, else a model's."""
    if settings.tell.front_end != "embedding" or settings.tell.features:
        return settings.tell.features
    return [f"results/{wildcards.dataset}/embed/model-{settings.tell.model}_clips.zarr"]


try:
    STYLE_TRACKS, STYLE_DIGEST = style_tracks()
except HeschlError as error:
    refuse(error)
