"""The settings of the analyses: type, unit (in the name), default and one line of help."""

from typing import Literal

from pydantic import Field

from heschl.sections import Count, Fraction, Name, NotNegative, Positive, Section


class Compare(Section):
    """Searchlight representational similarity analysis."""

    n_voxels: int = Field(100, ge=2, description="Voxels in a searchlight: exactly the nearest ones in the mask.")
    published_n_voxels: int = Field(100, ge=2, description="The same for the test as published.")
    n_permutations: int = Field(100, ge=1, description="Joint permutations of the clip labels.")
    standardize: bool = Field(True, description="Z-score features over volumes, as BOLD is; false: as published.")
    remove_lag_mean: bool = Field(True, description="Remove the mean over clips at each lag; false: as published.")
    pairs: Literal["between_clip", "all"] = Field(
        "between_clip", description="Pairs of volumes compared; all: as published."
    )
    q: Fraction = Field(0.005, description="False-discovery rate of the published test.")
    seed: int = Field(0, ge=0, description="Seed of the permutations.")


class Infer(Section):
    """Which layer is where: tests of voxels and layers, control models, noise ceilings, and a bootstrap over clips."""

    q_layers: float = Field(0.05, gt=0, lt=1, description="False-discovery rate over voxels x layers.")
    cluster_enhanced: bool = Field(True, description="Enhance the map of the largest by clusters (TFCE), and test it.")
    connectivity: Literal[6, 18, 26] = Field(6, description="Voxels that touch: by faces, edges or corners.")
    shrink: NotNegative = Field(1.0, description="Added to the denominator of sign flips, in medians; 0: Student's t.")
    controls: list[Name] = Field(
        ["spectral"],
        description="Models whose share is taken out of each layer's: spectral, untrained, any with layers.",
    )
    n_ceiling_centres: Count = Field(200, description="Searchlights with a noise ceiling, evenly among all.")
    n_bootstrap: Count = Field(200, description="Resamples of the clips.")
    regions: list[str] = Field(
        ["G_temp_sup-Plan_polar", "G_temp_sup-G_T_transv", "G_temp_sup-Plan_tempo"],
        min_length=1,
        description="Regions with intervals over clips, left and right: names of the Destrieux atlas.",
    )


class Select(Section):
    """Clips for the scanner, chosen from MagnaTagATune by their tags: results/<dataset>/select/stimuli.tsv."""

    dir: str | None = Field(None, description="Folder with MagnaTagATune's annotations_final.csv.")
    n_clusters: int = Field(16, ge=2, description="Clusters of tags, by complete linkage.")
    n_passes: Count = Field(9, description="Clips taken from each cluster; those of the first pass are for testing.")
    medoids: Literal["first", "every"] = Field(
        "first", description="Medoids of their clusters are: the very first pick, or every pick of the first pass."
    )
    merge_synonyms: bool = Field(True, description="Join tags of one meaning.")
    skip_song_start: bool = Field(True, description="Leave out clips from the start of a song.")


class Encode(Section):
    """Voxel-wise encoding: ridge regression from features to voxels."""

    models: list[Name] = Field(["musicnn", "spectral", "text", "genre"], min_length=1, description="Feature spaces.")
    layered: list[Name] = Field(["musicnn"], description="Networks whose layers are compared as well.")
    bands: dict[Name, list[Name]] = Field(
        {"low_level": ["spectral"], "audio": ["musicnn"], "text": ["text"], "genre": ["genre"]},
        description="Bands of the variance partitioning, each of one or more models.",
    )
    delays_tr: list[Count] = Field([2, 3, 4, 5], min_length=1, description="Finite impulse response, in volumes.")
    alphas: list[Positive] = Field(
        [10.0**k for k in range(-1, 7)], min_length=1, description="Penalties, chosen per voxel by cross-validation."
    )
    n_folds: int = Field(5, ge=2, description="Folds of the cross-validation; a clip is never divided.")
    n_components: int = Field(0, ge=0, description="Principal components of the features; 0: the features themselves.")
    n_permutations: Count = Field(2000, description="Permutations of test clips.")
    null: Literal["permutation", "gaussian"] = Field("permutation", description="Null; gaussian: as published.")
    engine: Literal["fast", "himalaya", "himalaya_torch"] = Field("fast", description="Solver of the ridge regression.")
    partition_voxels: int = Field(2000, ge=0, description="Best voxels in training that are partitioned; 0: all.")
    partition_iterations: Count = Field(
        50, description="Weightings of the bands that are tried, 1 and 2 per band at least."
    )
    seed: int = Field(0, ge=0, description="Seed of folds and permutations.")


class Decode(Section):
    """Decoding: ridge regression from voxels to embeddings."""

    models: list[Name] = Field(["musicnn"], min_length=1, description="Embeddings to decode.")
    routes: list[Literal["roi", "voxel"]] = Field(
        ["roi", "voxel"], min_length=1, description="roi: best parcels of an atlas; voxel: voxels that encode."
    )
    atlas: Name = Field("destrieux", description="Atlas of the parcels.")
    n_rois: Count = Field(6, description="Parcels whose predictions are averaged.")
    lags_tr: list[int] = Field([2, 3, 4, 5], min_length=1, description="Lags tried in training, in volumes.")
    n_voxels: list[Count] = Field(
        [500, 1000, 3000], min_length=1, description="Most voxels of a mask, the best in training; one is chosen there."
    )
    thresholds: list[NotNegative] = Field(
        [0.01, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2], min_length=1, description="Encoding scores tried as voxel masks."
    )
    alphas: list[Positive] = Field(
        [10.0**k for k in range(-1, 7)], min_length=1, description="Penalties, chosen by cross-validation."
    )
    n_folds: int = Field(5, ge=2, description="Folds of the cross-validation; a clip is never divided.")
    n_lags: Count = Field(13, description="Volumes after clip onset that are decoded one by one (a curve only).")
    seed: int = Field(0, ge=0, description="Seed of folds.")


class Align(Section):
    """Functional alignment: decoding a listener with others' decoders."""

    methods: list[Literal["anatomical", "ridge", "procrustes", "srm", "ot"]] = Field(
        ["anatomical", "ridge", "procrustes", "srm", "ot"], min_length=1, description="Alignments to compare."
    )
    n_clips: list[Count] = Field([8, 16, 32], min_length=1, description="Alignment clips, none of them a decoder's.")
    rois: list[str] = Field(
        ["*G_temp_sup*", "*S_temporal_transverse*", "*Lat_Fis-post*", "*S_temporal_sup*"],
        min_length=1,
        description="Parcels that are aligned, by name or pattern, chosen beforehand.",
    )
    lag_tr: int = Field(3, ge=0, description="Lag of the responses, in volumes.")
    seed: int = Field(0, ge=0, description="Seed of the choice of alignment clips.")


class Identify(Section):
    """Which clip was heard: honest scores of predictions."""

    n_permutations: Count = Field(2000, description="Permutations of the stimuli.")
    n_bootstraps: Count = Field(2000, description="Bootstrap samples of clips and subjects.")
    seed: int = Field(0, ge=0, description="Seed of both.")


class Retrieve(Section):
    """The nearest music of a gallery to what was decoded."""

    gallery: str = Field("", description="Folder of audio; empty: clips of the corpus that aren't tested.")
    other: Name = Field("spectral", description="Model in whose space what was retrieved is compared.")
    n_best: Count = Field(10, description="Neighbours kept.")
    similarity: Fraction = Field(0.999, description="Cosine from which an item is a copy of a tested clip: left out.")
    seed: int = Field(0, ge=0, description="Seed of the random baseline.")


class Story(Section):
    """A story heard: sound power against the time courses of regions (Brennan et al. 2016)."""

    dir: str = Field("", description="Folder of the published time courses and predictors.")
    radius: Literal["6mm", "10mm"] = Field("6mm", description="Size of the regions.")
    delays_tr: list[int] = Field([0, 1, 2], min_length=1, description="Delays of the predictors, in volumes.")
    n_folds: int = Field(5, ge=2, description="Contiguous folds of the story.")
