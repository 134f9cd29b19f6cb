"""Compare: searchlight RSA of every subject's patterns with every layer, and statistics over subjects.

in   results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr
     results/{dataset}/embed/model-{model}_features.zarr
out  results/{dataset}/compare/sub-{sub}_model-{model}_rsa.zarr
     results/{dataset}/compare/sub-{sub}_model-{model}_published.zarr
     results/{dataset}/compare/model-{model}_{who}.zarr, of the listeners (group) and of the canaries (hrf, noise)
     results/{dataset}/compare/model-{model}_recovery.zarr (simulated listeners)
"""

PUBLISHED_RSA = "results/{{dataset}}/compare/sub-{sub}_model-{{model}}_published.zarr"
RSA = "results/{{dataset}}/compare/sub-{sub}_model-{{model}}_rsa.zarr"


rule compare_searchlight:
    """Compare the geometry of each sphere of voxels with that of each layer."""
    input:
        patterns="results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr",
        features="results/{dataset}/embed/model-{model}_features.zarr",
    output:
        rsa=directory("results/{dataset}/compare/sub-{sub}_model-{model}_rsa.zarr"),
    log:
        "logs/{dataset}/compare/sub-{sub}_model-{model}_rsa.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        code=code("compare_searchlight"),
        n_voxels=settings.compare.n_voxels,
        n_permutations=settings.compare.n_permutations,
        standardize=settings.compare.standardize,
        remove_lag_mean=settings.compare.remove_lag_mean,
        pairs=settings.compare.pairs,
        seed=settings.compare.seed,
    script:
        "../scripts/step.py"


rule compare_published:
    """The same as published: all pairs, nothing removed, spheres of its own size; for the published test alone."""
    input:
        patterns="results/{dataset}/preprocess/sub-{sub}_space-MNI_patterns.zarr",
        features="results/{dataset}/embed/model-{model}_features.zarr",
    output:
        rsa=directory("results/{dataset}/compare/sub-{sub}_model-{model}_published.zarr"),
    log:
        "logs/{dataset}/compare/sub-{sub}_model-{model}_published.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        code=code("compare_published"),
        n_voxels=settings.compare.published_n_voxels,
    script:
        "../scripts/step.py"


rule compare_group:
    """Test over one group: as published, and by joint permutations of the clips."""
    input:
        rsa=of_group(RSA),
        published=of_group(PUBLISHED_RSA),
    output:
        group=directory("results/{dataset}/compare/model-{model}_{who}.zarr"),
    log:
        "logs/{dataset}/compare/model-{model}_{who}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("compare_group"),
        q=settings.compare.q,
    script:
        "../scripts/step.py"


rule compare_recovery:
    """Hold what came out against what was planted; the canary must be at chance."""
    input:
        rsa=expand(RSA, sub=SUBJECTS),
        group="results/{dataset}/compare/model-{model}_group.zarr",
        truth=[f"results/{{dataset}}/ingest/sub-{sub}_truth.zarr" for sub in SUBJECTS],
        bold=runs(MNI_BOLD),
    output:
        recovery=directory("results/{dataset}/compare/model-{model}_recovery.zarr"),
    log:
        "logs/{dataset}/compare/model-{model}_recovery.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("compare_recovery"),
        subjects=SUBJECTS,
        noise_subjects=CANARIES,
    script:
        "../scripts/step.py"
