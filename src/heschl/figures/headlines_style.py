"""The numbers of style_dream that lead the report."""

import numpy as np
import xarray as xr

from heschl.figures import sounds, style_scores
from heschl.figures.headlines_decoding import Headline, line
from heschl.figures.participants import number
from heschl.figures.style_scores import Pooled


def of(found: xr.Dataset) -> list[Headline]:
    """Tell what a store of dream or imagine says in numbers; nothing of any other result."""
    if "made" in found.dims:
        return _styled(found)
    if "predicted_heard" in found:
        return _brain(found)
    return _dreams(found) if "layer" in found.dims and "objective" in found else []


def across(results: dict[str, xr.Dataset]) -> list[Headline]:
    """Tell what the scores of tell say, the seeds of each split together, by front end; stores by file name."""
    scores = [one.load() for one in results.values() if is_scores(one)]
    lines: list[Headline] = []
    for front in sorted({str(one.attrs["front_end"]) for one in scores}, key=lambda name: (name != "raw", name)):
        found = style_scores.pooled(style_scores.ordered([s for s in scores if s.attrs["front_end"] == front]))
        lines += [_accuracy(one, found) for one in found]
    return lines


def is_scores(found: xr.Dataset) -> bool:
    """Say whether a store is one of tell."""
    return "right" in found and "fold" in found and "split" in found.attrs


def _accuracy(one: Pooled, others: list[Pooled]) -> Headline:
    """Give one split's accuracy, and what it is worth."""
    (low, high), chance = one.interval, 1 / one.n_styles
    through = "" if one.front_end == "raw" else f" ({one.front_end})"
    n_tracks, seeds = len(np.unique(one.track)), f"{one.n_seeds} seed{'s' * (one.n_seeds > 1)}"
    note = f"95 % CI {number(low)} to {number(high)} (of {n_tracks} tracks), chance {number(chance)}, {seeds}"
    if one.split == "permuted":
        fine = low <= chance <= high
        note += ": " + ("at chance, as it must be" if fine else "off chance: look before you believe any")
    if one.leaks:
        note += f"; {one.leaks} of {one.right.size} test clips have their track in training"
        honest = [other.accuracy for other in others if other.split == "track_grouped"]
        note += f", worth {number(one.accuracy - honest[0], sign=True)}" if honest else ""
    if one.split == "contiguous":
        note += f"; published {number(style_scores.PUBLISHED_ACCURACY, 4)} of other music"
    return line(number(one.accuracy, 3), f"clips told by style{through}: {style_scores.words(one.split)}", note)


def _dreams(found: xr.Dataset) -> list[Headline]:
    """Give by how much the objectives grew, whether they ever fell, and what a dream costs."""
    objective = found["objective"].transpose("layer", "clip", "iteration").values.astype(float)
    steps = np.diff(objective, axis=-1)
    rises = bool((steps[np.isfinite(steps)] >= 0).all())
    last = np.array([[line[np.isfinite(line)][-1] for line in of] for of in sounds.relative(objective)[0]])
    kind, layers = sounds.relative(objective)[1], [int(k) for k in found["layer"].values]
    if kind == "ratio":
        grown = np.exp(np.log(last).mean(1))
        value = ", ".join(f"× {sounds.times(v)}" for v in grown)
    else:
        value = ", ".join(f"{v:+.3g}".replace("-", "−") for v in last.mean(1))
    what = f"layer{'s' * (len(layers) > 1)} {', '.join(map(str, layers))}" if any(layers) else "the output"
    name, n = sounds.words(found.attrs.get("objective", "energy")), found.sizes["clip"]
    note = (
        f"mean of {n} clip{'s' * (n > 1)}; {'never falls' if rises else 'falls at times'} from iteration to iteration"
    )
    if "seconds" in found:
        note += f"; {float(found['seconds'].mean()):.1f} s a dream"
    return [line(value, f"{name} in dreams of {what}, after over before", note)]


def _styled(found: xr.Dataset) -> list[Headline]:
    """Say what became of a clip that took another's style: the published negative result."""
    if "correlation" not in found or "styled" not in found["which"].values:
        return []
    r = {name: float(found["correlation"].sel(which=name)) for name in ("styled", "inverted")}
    flat = {name: sounds.flatness(found["wave"].sel(which=name).values) for name in ("content", "styled")}
    note = f"spectral flatness {number(flat['styled'])}, of the clip {number(flat['content'])}, of white noise 1; "
    note += f"the clip rebuilt from one layer: r = {number(r['inverted'])}; one pair of clips"
    return [line(f"r = {number(r['styled'])}", "of a clip and itself with another's style put on", note)]


def _brain(found: xr.Dataset) -> list[Headline]:
    """Say how much more a brain should answer, by a model of how much skill."""
    before, after = found["predicted_heard"].transpose("which", "clip").values.astype(float).mean(1)
    n, sub = found.sizes["clip"], found.attrs["subject"]
    low, high = np.quantile(found["train_predicted"].values, [0.025, 0.975])
    note = f"mean of {n} clip{'s' * (n > 1)}, as saved; 95 % of training music lies between {low:.2f} and {high:.2f}; "
    note += f"the model's r in test clips: {number(float(found.attrs['r_test']))}"
    value = f"{before:.2f} → {after:.2f}"
    said = f"predicted response (z) of listener {sub}, before and after a dream"
    return [line(*(text.replace("-", "−") for text in (value, said, note)))]
