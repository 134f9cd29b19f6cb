"""Works that the report cites, by the keys that methods texts use."""

WORKS = {
    "ants": (
        "Avants BB et al. (2011). A reproducible evaluation of ANTs similarity metric performance in brain "
        "image registration. NeuroImage 54:2033-2044."
    ),
    "atropos": (
        "Avants BB et al. (2011). An open source multivariate framework for n-tissue segmentation. "
        "Neuroinformatics 9:381-400."
    ),
    "batchnorm": (
        "Ioffe S, Szegedy C (2015). Batch normalization: accelerating deep network training by reducing internal "
        "covariate shift. ICML, PMLR 37:448-456."
    ),
    "bazeille": (
        "Bazeille T et al. (2021). An empirical evaluation of functional alignment using inter-subject decoding. "
        "NeuroImage 245:118683."
    ),
    "bh": "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate. J R Stat Soc B 57:289-300.",
    "bids": "Gorgolewski KJ et al. (2016). The brain imaging data structure. Scientific Data 3:160044.",
    "brennan": (
        "Brennan JR et al. (2016). Abstract linguistic structure correlates with temporal activity during "
        "naturalistic comprehension. Brain Lang 157-158:81-94."
    ),
    "ciferri": "Ciferri M, Ferrante M, Toschi N (2025). Sci Rep 15:42108 (music reconstructed from fMRI, with CLAP).",
    "clap": (
        "Wu Y et al. (2023). Large-scale contrastive language-audio pretraining with feature fusion and "
        "keyword-to-caption augmentation. ICASSP."
    ),
    "cohen": (
        "Cohen J, Cohen P, West SG, Aiken LS (2003). Applied multiple regression/correlation analysis for the "
        "behavioral sciences. 3rd ed. Erlbaum."
    ),
    "compcor": ("Behzadi Y et al. (2007). A component based noise correction method (CompCor). NeuroImage 37:90-101."),
    "deepbet": (
        "Fisch L et al. (2024). deepbet: Fast brain extraction of T1-weighted MRI using convolutional "
        "neural networks. Comput Biol Med 179:108845."
    ),
    "deepdream": (
        "Mordvintsev A, Olah C, Tyka M (2015). Inceptionism: going deeper into neural networks. Google Research Blog."
    ),
    "delong": (
        "DeLong ER, DeLong DM, Clarke-Pearson DL (1988). Comparing the areas under two or more correlated receiver "
        "operating characteristic curves: a nonparametric approach. Biometrics 44:837-845."
    ),
    "denk": "Denk TI et al. (2023). Brain2Music: reconstructing music from human brain activity. arXiv:2307.11078.",
    "destrieux": (
        "Destrieux C et al. (2010). Automatic parcellation of human cortical gyri and sulci using standard "
        "anatomical nomenclature. NeuroImage 53:1-15."
    ),
    "encodec": "Défossez A et al. (2022). High fidelity neural audio compression. arXiv:2210.13438.",
    "ferrante": (
        "Ferrante M, Ciferri M, Toschi N (2024). R&B: rhythm and brain, cross-subject decoding of music from human "
        "brain activity. arXiv:2406.15537."
    ),
    "fsaverage": (
        "Fischl B et al. (1999). High-resolution intersubject averaging and a coordinate system for the "
        "cortical surface. Hum Brain Mapp 8:272-284."
    ),
    "gatys": "Gatys LA, Ecker AS, Bethge M (2015). A neural algorithm of artistic style. arXiv:1508.06576.",
    "geng": "Geng (2016). MSc thesis, University of Miami (styles of music told, and changed, by a network).",
    "glorot": (
        "Glorot X, Bengio Y (2010). Understanding the difficulty of training deep feedforward neural networks. "
        "AISTATS, PMLR 9:249-256."
    ),
    "haxby": (
        "Haxby JV et al. (2011). A common, high-dimensional model of the representational space in human ventral "
        "temporal cortex. Neuron 72:404-416."
    ),
    "himalaya": (
        "Dupré la Tour T et al. (2022). Feature-space selection with banded ridge regression. NeuroImage 264:119728."
    ),
    "icbm": (
        "Fonov V et al. (2011). Unbiased average age-appropriate atlases for pediatric studies. NeuroImage 54:313-327."
    ),
    "koutnik": ("Koutník J et al. (2014). A clockwork RNN. ICML, PMLR 32:1863-1871."),
    "lbfgsb": (
        "Byrd RH et al. (1995). A limited memory algorithm for bound constrained optimization. SIAM J Sci Comput "
        "16:1190-1208."
    ),
    "lcmv": (
        "Van Veen BD et al. (1997). Localization of brain electrical activity via linearly constrained minimum "
        "variance spatial filtering. IEEE Trans Biomed Eng 44:867-880."
    ),
    "lightning": "Falcon W and the PyTorch Lightning team (2019). PyTorch Lightning. lightning.ai.",
    "mahendran": (
        "Mahendran A, Vedaldi A (2015). Understanding deep image representations by inverting them. CVPR, 5188-5196."
    ),
    "mert": (
        "Li Y et al. (2024). MERT: acoustic music understanding model with large-scale self-supervised training. ICLR."
    ),
    "minilm": (
        "Wang W et al. (2020). MiniLM: deep self-attention distillation for task-agnostic compression of pre-trained "
        "transformers. arXiv:2002.10957."
    ),
    "mne": ("Gramfort A et al. (2013). MEG and EEG data analysis with MNE-Python. Front Neurosci 7:267."),
    "mne_bids": (
        "Appelhoff S et al. (2019). MNE-BIDS: organizing electrophysiological data into the BIDS format and "
        "facilitating their analysis. J Open Source Softw 4:1896."
    ),
    "muq": (
        "Zhu H et al. (2025). MuQ: self-supervised music representation learning with mel residual vector "
        "quantization. arXiv:2501.01108."
    ),
    "musicnn": (
        "Pons J, Serra X (2019). musicnn: pre-trained convolutional neural networks for music audio "
        "tagging. arXiv:1909.06654."
    ),
    "n4": ("Tustison NJ et al. (2010). N4ITK: improved N3 bias correction. IEEE Trans Med Imaging 29:1310-1320."),
    "nakai": "Nakai T, Koide-Majima N, Nishimoto S (2022). Music genre neuroimaging dataset. Data Brief 40:107675.",
    "nichols": (
        "Nichols TE, Holmes AP (2002). Nonparametric permutation tests for functional neuroimaging. Hum "
        "Brain Mapp 15:1-25."
    ),
    "nilearn": (
        "Abraham A et al. (2014). Machine learning for neuroimaging with scikit-learn. Front Neuroinform 8:14."
    ),
    "nili": "Nili H et al. (2014). A toolbox for representational similarity analysis. PLoS Comput Biol 10:e1003553.",
    "nipype": (
        "Gorgolewski K et al. (2011). Nipype: a flexible, lightweight and extensible neuroimaging data "
        "processing framework in Python. Front Neuroinform 5:13."
    ),
    "nunez": (
        "Nunez-Elizalde AO, Huth AG, Gallant JL (2019). Voxelwise encoding models with non-spherical multivariate "
        "normal priors. NeuroImage 197:482-492."
    ),
    "phipson": (
        "Phipson B, Smyth GK (2010). Permutation P-values should never be zero. Stat Appl Genet Mol Biol 9:39."
    ),
    "pot": "Flamary R et al. (2021). POT: Python Optimal Transport. J Mach Learn Res 22(78):1-8.",
    "power": (
        "Power JD et al. (2012). Spurious but systematic correlations in functional connectivity MRI "
        "networks arise from subject motion. NeuroImage 59:2142-2154."
    ),
    "resnet": "He K et al. (2016). Deep residual learning for image recognition. CVPR, 770-778.",
    "roman": (
        "Roman I. Assessing neuroplasticity with convolutional and recurrent neural networks. Stanford University."
    ),
    "rsa": "Kriegeskorte N et al. (2008). Representational similarity analysis. Front Syst Neurosci 2:4.",
    "rsatoolbox": (
        "The rsatoolbox developers. rsatoolbox: representational similarity analysis in Python. "
        "github.com/rsagroup/rsatoolbox."
    ),
    "sbert": (
        "Reimers N, Gurevych I (2019). Sentence-BERT: sentence embeddings using Siamese BERT-networks. EMNLP-IJCNLP, "
        "3982-3992."
    ),
    "seamless": (
        "Seamless Communication (2023). Seamless: multilingual expressive and streaming speech translation (w2v-BERT "
        "2.0). arXiv:2312.05187."
    ),
    "searchlight": ("Kriegeskorte N et al. (2006). Information-based functional brain mapping. PNAS 103:3863-3868."),
    "sekihara": (
        "Sekihara K, Nagarajan SS (2008). Adaptive spatial filters for electromagnetic brain imaging. Springer."
    ),
    "sklearn": ("Pedregosa F et al. (2011). Scikit-learn: machine learning in Python. J Mach Learn Res 12:2825-2830."),
    "snakemake": "Mölder F et al. (2021). Sustainable data analysis with Snakemake. F1000Research 10:33.",
    "srm": "Chen P-H et al. (2015). A reduced-dimension fMRI shared response model. NeurIPS 28.",
    "sturm": (
        "Sturm BL (2013). The GTZAN dataset: its contents, its faults, their effects on evaluation, and its future "
        "use. arXiv:1306.1461."
    ),
    "syn": (
        "Avants BB et al. (2008). Symmetric diffeomorphic image registration with cross-correlation. Med "
        "Image Anal 12:26-41."
    ),
    "tfce": (
        "Smith SM, Nichols TE (2009). Threshold-free cluster enhancement: addressing problems of smoothing, threshold "
        "dependence and localisation in cluster inference. NeuroImage 44:83-98."
    ),
    "thielen": (
        "Thielen J. Deep learning to probe neural correlates of music processing. MSc thesis, Radboud University."
    ),
    "westfall": ("Westfall PH, Young SS (1993). Resampling-based multiple testing. Wiley."),
    "xarray": ("Hoyer S, Hamman J (2017). xarray: N-D labeled arrays and datasets in Python. J Open Res Softw 5:10."),
}
