"""Saying no with a reason."""


class Refused(Exception):
    """Something the procedure forbids. ``why`` is a Chinese sentence for whoever asked; ``field`` names a
    form field when one is to blame; ``code`` lets a dialogue choose its own words."""

    def __init__(self, why: str, field: str = "", code: str = "") -> None:
        super().__init__(why)
        self.why, self.field, self.code = why, field, code
