"""Numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import phones

mobiles = st.builds(
    lambda head, tail: f"{head}{tail:08d}",
    st.sampled_from(["138", "199", "186", "150"]),
    st.integers(0, 99_999_999),
)
writings = st.sampled_from(
    [
        lambda n: n,
        lambda n: f"+86{n}",
        lambda n: f"0086 {n}",
        lambda n: f"86-{n[:3]}-{n[3:7]}-{n[7:]}",
        lambda n: f"{n[:3]} {n[3:7]} {n[7:]}",
        lambda n: "".join(chr(ord(d) + 0xFEE0) for d in n),
        lambda n: f"({n[:3]}){n[3:]}",
    ]
)


@given(mobiles, writings)
def test_however_a_mobile_is_written_it_is_the_same_number(number: str, write) -> None:  # type: ignore[no-untyped-def]
    assert phones.normalize(write(number)) == phones.Phone(f"+86{number}", "mobile")


@given(mobiles)
def test_normalizing_a_normalized_number_changes_nothing(number: str) -> None:
    once = phones.normalize(number)
    assert phones.normalize(once.e164) == once


@pytest.mark.parametrize(
    ("written", "e164", "kind"),
    [
        ("0451-8888 1234", "+8645188881234", "landline"),
        ("0499-0000301", "+864990000301", "landline"),
        ("+8649900000101", "+8649900000101", "landline"),
        ("199 0000 0103", "+8619900000103", "mobile"),
        ("10086", "10086", "unknown"),
        ("+15005550006", "+15005550006", "unknown"),
    ],
)
def test_landlines_sample_numbers_short_codes_and_foreign_numbers_are_known(
    written: str, e164: str, kind: str
) -> None:
    found = phones.normalize(written)
    assert found.e164 == e164
    assert kind in (found.kind, "unknown")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("1990000010", "少一位"),
        ("199000001033", "多一位"),
        ("无", "不是电话号码"),
        ("", "没有号码"),
        ("88881234", "座机号没写区号"),
        ("0451-88881234转8", "分机"),
    ],
)
def test_a_bad_number_says_what_is_wrong_with_it(written: str, why: str) -> None:
    with pytest.raises(phones.BadPhone) as bad:
        phones.normalize(written)
    assert why in bad.value.why


def test_a_bare_local_landline_needs_the_villages_area_code() -> None:
    assert phones.normalize("88881234", area_code="0451").e164 == "+8645188881234"


@given(st.text(max_size=40))
def test_nothing_anybody_types_makes_it_fall_over(raw: str) -> None:
    try:
        phone = phones.normalize(raw)
    except phones.BadPhone as bad:
        assert bad.why
    else:
        assert phone.e164


def test_a_masked_number_shows_its_beginning_and_its_last_four() -> None:
    assert phones.mask("+8619900000103") == "199****0103"
    assert phones.mask("+8649900000101") == "0499****0101"
    assert phones.mask("+15005550006") == "+15****0006"


def test_a_number_that_excel_rounded_is_told_so() -> None:
    with pytest.raises(phones.BadPhone, match="科学计数"):
        phones.normalize("1.99E+10")
