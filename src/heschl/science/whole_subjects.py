"""Who has every session, usable and at one rate; who hasn't is left out by name, and the others go on."""

from dataclasses import dataclass

TOLERANCE = 1e-4  # clocks of two recordings differ by less


@dataclass(frozen=True)
class Held:
    """What one subject holds of one session: rate and samples of an epoch, and why it can't be used ("": it can)."""

    rate_hz: float
    n_samples: int
    refused: str = ""

    def __str__(self) -> str:
        """Say it as in "782 samples at 260.375 Hz"."""
        return f"{self.n_samples} samples at {self.rate_hz:g} Hz"

    def fits(self, other: "Held") -> bool:
        """Tell whether the samples of both mean the same times."""
        return self.n_samples == other.n_samples and abs(self.rate_hz / other.rate_hz - 1) < TOLERANCE


def whole(found: dict[str, dict[str, Held]], sessions: list[str]) -> tuple[list[str], list[str]]:
    """Keep the subjects with every session, at the rate that most of them have.

    Parameters
    ----------
    found : subject -> session -> what it holds

    Returns
    -------
    Labels of the subjects kept, and a line for each other one, such as "sub-05 has no session after"; both sorted
    """
    wrong = {sub: line for sub, own in found.items() if (line := _lack(own, sessions))}
    rates = {sub: own[sessions[0]] for sub, own in sorted(found.items()) if sub not in wrong}
    usual = max(rates.values(), key=lambda rate: sum(rate.fits(other) for other in rates.values()), default=None)
    for sub, rate in rates.items():
        if not rate.fits(usual):
            wrong[sub] = f"has {rate}, most have {usual}"
    return sorted(found.keys() - wrong.keys()), [f"sub-{sub} {line}" for sub, line in sorted(wrong.items())]


def _lack(own: dict[str, Held], sessions: list[str]) -> str:
    """Say what keeps a subject out, "" if nothing does."""
    for ses in sessions:
        if ses not in own:
            return f"has no session {ses}"
        if own[ses].refused:
            return f"can't be used, session {ses}: {own[ses].refused}"
    first = own[sessions[0]]
    odd = next((ses for ses in sessions if not own[ses].fits(first)), None)
    return f"has sessions of different rates: {sessions[0]} {first}, {odd} {own[odd]}" if odd else ""
