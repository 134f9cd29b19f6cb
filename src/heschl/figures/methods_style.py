"""Methods text of style_dream: what each stage did, told from what its stores say of themselves.

Every function takes results (stores by file name) and method (unused: stores know their settings) and returns the text
of one stage.
"""

from typing import Any

import numpy as np
import xarray as xr

from heschl.figures.headlines_style import is_scores
from heschl.figures.methods_decoding import Results, listed
from heschl.figures.style_scores import SPLITS, ordered

FRONT_ENDS = {
    "raw": "from the waveform, as published (three convolutions of 8 filters of 8, 32 and 128 samples, strides 2, 4 "
    "and 4, each with a rectifier and then batch normalisation, which the input has as well; 256 hidden units; softmax",
    "mel": "from a mel spectrogram (64 bands, three convolutions over time; 256 hidden units; softmax",
    "embedding": "from features of another model (256 hidden units; softmax",
}
GLOROT = {"sqrt6": "Glorot's bounds", "lecun_1_sqrt_n": "bounds of 1 / sqrt(inputs)"}
OBJECTIVES = {
    "energy": "half the sum of squares of one convolution's output, after the rectifier and before batch normalisation",
    "guide": "the match of each moment of one layer with the best moment of a clip of the other style",
    "inversion": "minus the relative squared distance of one layer from the clip's, from quiet noise",
    "content_style": "minus the content and style losses of Gatys et al.",
    "logit": "the network's answer for the other style, before the softmax",
}
LIMITS = {  # by stage
    "tell": "Styles come with their artists, instruments and productions, and here with few tracks: a network that "
    "tells them apart need not hear style. Intervals are over these tracks, not over all music of a style.",
    "dream": "A dream shows what drives a layer hardest, not what it does in music. Energy grows with the size of the "
    "samples, so between bounds dreams tend to the bounds: bursts and pulses tell as much of the objective as of the "
    "network. Few clips of one style, of one trained network, were dreamt from.",
    "imagine": "What was dreamt for a listener raises a model's prediction, perhaps far beyond the responses that it "
    "was fitted to; nobody heard it in a scanner.",
}


def cut(results: Results, method: dict[str, Any]) -> str:
    """Tell how music became clips."""
    found = next((r for r in results.values() if "audio" in r and "trim_s" in r.attrs), None)
    if found is None:
        return "Music of each style was cut into consecutive clips, mono, at a peak of .9."
    of, n, n_tracks = found.attrs, found.sizes["clip"], len(np.unique(found["track"].values))
    left = len(of.get("left_out", []))
    out = f" {left} file{'s' * (left > 1)} could not be used (named in the log)." if left else ""
    return (
        f"Music of {len(of['styles'])} styles ({listed(list(of['styles']))}) was read in mono at {of['rate_hz']:,} Hz, "
        f"brought to a peak of .9 and cut into consecutive clips of {of['clip_s']:g} s; the first and last "
        f"{of['trim_s']:g} s of a track were dropped, unless it came as clips with a manifest. That makes {n:,} clips "
        f"of {n_tracks} tracks.{out}"
    )


def tell(results: Results, method: dict[str, Any]) -> str:
    """Tell which networks were trained, how, and on what they were tested."""
    scores = ordered(one for one in results.values() if is_scores(one))
    if not scores:
        return "Networks were trained to tell styles by ear, and tested on clips they had not heard."
    of, weights = scores[0].attrs, f"{scores[0].attrs['n_parameters']:,} weights and biases without the normalisation"
    kind = f"{FRONT_ENDS.get(str(of['front_end']), 'from ' + str(of['front_end']) + ' (softmax')}; {weights})"
    splits = [SPLITS.get(s, s.replace("_", " ")) for s in dict.fromkeys(str(one.attrs["split"]) for one in scores)]
    n_seeds = len({int(one.attrs["seed"]) for one in scores})
    norm = "of all training clips" if of.get("bn_eval") == "exact_train" else "of running averages"
    return (
        f"Networks learnt to tell styles {kind}. They were trained for {of['epochs']} epochs in batches of "
        f"{of['batch']} clips, shuffled, by stochastic gradient descent with Nesterov momentum (learning rate "
        f"{of['learning_rate']:g}, momentum {of['momentum']:g}) on the cross-entropy, from weights drawn within "
        f"{GLOROT.get(str(of['glorot']), of['glorot'])}; tests used normalisation {norm}. One network for each of "
        f"{of['n_folds']} folds, so that every clip is tested once, from {n_seeds} seed{'s' * (n_seeds > 1)}; clips "
        f"were held out in {len(splits)} way{'s' * (len(splits) > 1)}: {'; '.join(splits)}. Nothing was chosen by "
        "test clips. Intervals draw whole tracks."
    )


def dream(results: Results, method: dict[str, Any]) -> str:
    """Tell what was dreamt, from what, and how."""
    dreams = next((r for r in results.values() if "objective" in r and "which" in r.dims), None)
    styled = next((r for r in results.values() if "made" in r.dims), None)
    parts = [_dreams(dreams)] if dreams is not None else []
    parts += [_styled(styled)] if styled is not None else []
    return " ".join(parts) or "Sounds were made that a trained network's layers answer to most."


def _dreams(found: xr.Dataset) -> str:
    of, n = found.attrs, found.sizes["clip"]
    layers = [int(k) for k in found["layer"].values]
    where = f"layers {listed(layers)}" if any(layers) else "the output"
    return (
        f"The network of the last fold was frozen, and {n} clip{'s' * (n > 1)} of {of['from_style']} that it had not "
        f"learnt from changed to maximise, for {where}, {OBJECTIVES.get(str(of['objective']), of['objective'])}: "
        f"{_how(of)}. Sounds were saved with 16 bits at a peak of .9."
    )


def _styled(found: xr.Dataset) -> str:
    of = found.attrs
    return (
        f"As a control, one clip was given another's style by the content (layer {of['content_layer']}) and style "
        f"(layers {listed([int(k) for k in np.atleast_1d(of['style_layers'])])}) losses of Gatys et al., weighted "
        f"{of['alpha']:g} and {of['beta']:g} (in units of the other clip's loss), and rebuilt from layer "
        f"{of['inversion_layer']} alone, both from quiet "
        "noise."
    )


def imagine(results: Results, method: dict[str, Any]) -> str:
    """Tell what was dreamt for a brain."""
    found = next((r for r in results.values() if "predicted" in r and "which" in r.dims), None)
    if found is None:
        return "Clips were changed so that an encoding model predicts more of a response."
    of, n, voxels = found.attrs, found.sizes["clip"], found.sizes.get("voxel", 0)
    return (
        f"The mean response of the {voxels} voxels of listener {of['subject']} that {of['model']} ({of['layer']}) "
        "predicts best in training clips was predicted from that layer, averaged over each window, by ridge "
        f"regression; {n} test clip{'s' * (n > 1)} were changed, sample by sample through the network, to raise the "
        f"prediction: {_how(of)}."
    )


def _how(of: dict[str, Any]) -> str:
    """Say how a sound climbed."""
    climb = "L-BFGS-B" if of.get("optimiser") == "lbfgsb" else "steps of constant size"
    box = "samples held between −1 and 1" if of.get("bounded") else "without bounds"
    kept = [name.replace("_", " ") for name, weight in sorted(dict(of.get("priors") or {}).items()) if weight]
    priors = f", with penalties ({listed(kept)})" if kept else ""
    return f"{climb}, {box}, at most {of['max_iterations']} iterations{priors}"
