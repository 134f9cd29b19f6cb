"""What a user did that we can't work with, said in one line."""


class HeschlError(ValueError):
    """An input is wrong: the message names the file, the field, what was wanted and what to do."""

    def __init__(self, where: object, given: str, wanted: str, fix: str = "") -> None:
        text = f"{where}: {given}; {wanted}" + (f". {fix}" if fix else "")
        super().__init__(" ".join(text.split()))
