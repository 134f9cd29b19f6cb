"""Infer: which layer is where, given other models and other clips, and how well any model could do.

in   results/{dataset}/compare/sub-{sub}_model-{model}_rsa.zarr
     results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr
     results/{dataset}/embed/model-{model}_features.zarr, of the model and of the control models
out  results/{dataset}/infer/sub-{sub}_model-{model}_controls.zarr
     results/{dataset}/infer/model-{model}_layers.zarr
     results/{dataset}/infer/model-{model}_ceiling.zarr
     results/{dataset}/infer/model-{model}_bootstrap.zarr
"""

HEARD_PATTERNS = "results/{{dataset}}/preprocess/sub-{sub}_space-MNI_patterns.zarr"
CONTROLS = "results/{{dataset}}/infer/sub-{sub}_model-{{model}}_controls.zarr"
INFERRED = [
    f"results/{settings.dataset}/infer/model-{model}_{result}.zarr"
    for model in MODELS
    for result in ("layers", "ceiling", "bootstrap")
    if MUSIC and model != "category"
]


rule infer_controls:
    """Compare the geometry of each sphere of voxels with that of control models."""
    input:
        patterns="results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr",
        features="results/{dataset}/embed/model-{model}_features.zarr",
        others=controls_of,
    output:
        controls=directory("results/{dataset}/infer/sub-{sub}_model-{model}_controls.zarr"),
    log:
        "logs/{dataset}/infer/sub-{sub}_model-{model}_controls.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        code=code("infer_controls"),
        n_voxels=settings.compare.n_voxels,
        standardize=settings.compare.standardize,
        remove_lag_mean=settings.compare.remove_lag_mean,
        pairs=settings.compare.pairs,
    script:
        "../scripts/step.py"


rule infer_layers:
    """Test every voxel and layer over subjects, and what a layer adds to others and to controls."""
    input:
        rsa=expand(RSA, sub=LISTENERS),
        controls=expand(CONTROLS, sub=LISTENERS),
    output:
        layers=directory("results/{dataset}/infer/model-{model}_layers.zarr"),
    log:
        "logs/{dataset}/infer/model-{model}_layers.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        code=code("infer_layers"),
        q=settings.infer.q_layers,
        cluster_enhanced=settings.infer.cluster_enhanced,
        connectivity=settings.infer.connectivity,
        shrink=settings.infer.shrink,
        seed=settings.compare.seed,
    script:
        "../scripts/step.py"


rule infer_ceiling:
    """Say how well any model could do, in spheres all over the mask."""
    input:
        patterns=expand(HEARD_PATTERNS, sub=LISTENERS),
    output:
        ceiling=directory("results/{dataset}/infer/model-{model}_ceiling.zarr"),
    log:
        "logs/{dataset}/infer/model-{model}_ceiling.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        code=code("infer_ceiling"),
        n_voxels=settings.compare.n_voxels,
        n_centres=settings.infer.n_ceiling_centres,
        remove_lag_mean=settings.compare.remove_lag_mean,
        pairs=settings.compare.pairs,
    script:
        "../scripts/step.py"


rule infer_bootstrap:
    """Draw the clips anew, to see which layer each region would have had."""
    input:
        patterns=expand(HEARD_PATTERNS, sub=LISTENERS),
        features="results/{dataset}/embed/model-{model}_features.zarr",
    output:
        bootstrap=directory("results/{dataset}/infer/model-{model}_bootstrap.zarr"),
    log:
        "logs/{dataset}/infer/model-{model}_bootstrap.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        code=code("infer_bootstrap"),
        regions=settings.infer.regions,
        n_bootstrap=settings.infer.n_bootstrap,
        n_voxels=settings.compare.n_voxels,
        standardize=settings.compare.standardize,
        remove_lag_mean=settings.compare.remove_lag_mean,
        pairs=settings.compare.pairs,
        seed=settings.compare.seed,
    script:
        "../scripts/step.py"
