"""Numbers and days in the forms they are said in (gateway/text.py), each worth a clip of its own."""

from collections.abc import Iterator

from gateway.text import spoken_number, spoken_ordinal_matter

MATTERS = 30  # a matter with a higher number is said at run time


def forms() -> Iterator[str]:
    """Digits and keys as they are written, all else as it is said."""
    yield from "0123456789"
    # receipts are spelt out: in pairs they are understood, single syllables one after the other are not
    yield from (f"{a} {b}" for a in "0123456789" for b in "0123456789")
    yield from (f"{spoken_number(n)}月" for n in range(1, 13))
    yield from (f"{spoken_number(n)}号" for n in range(1, 32))
    yield from (f"{spoken_ordinal_matter(n)}事" for n in range(1, MATTERS + 1))
    yield from ("今天", "明天", "上午", "下午")
