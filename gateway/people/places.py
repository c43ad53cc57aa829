"""Which village somebody means: 拟柳村, 拟柳, 虚泉镇拟柳村, 拟柳村一组."""

import re
import unicodedata
from collections.abc import Iterable

from gateway.models.area import Area

_ENDING = re.compile(r"(?:村民委员会|村委会|居委会|社区|村|屯)$")
_ABOVE = re.compile(r"(?:省|市|自治区|区|县|旗|镇|乡|街道(?:办事处|办)?)$")
_GROUP = re.compile(r"第?([一二三四五六七八九十\d]{1,3}(?:村民小组|小组|组|队|社|屯))$")


class Places:
    """The tree of areas, to find one by what people call it. ``tree`` has at least those above the ones looked for."""

    def __init__(self, tree: Iterable[Area]) -> None:
        self.named = {area.code: _plain(area.name) for area in tree}

    def find(self, said: str, among: Iterable[Area]) -> tuple[Area | None, str]:
        """The one area that is meant, None if it is none or several; and the group that was said with it, if any."""
        whole = "".join(unicodedata.normalize("NFKC", said).split())
        among = list(among)
        found = self._called(whole, among)
        group = _GROUP.search(whole)
        if found or not group:
            return (found[0] if len(found) == 1 else None), ""
        found = self._called(whole[: group.start()], among)
        return (found[0] if len(found) == 1 else None), group[1]

    def _called(self, said: str, among: list[Area]) -> list[Area]:
        plain = _plain(said)
        if not plain:
            return []
        exact = [a for a in among if plain in (_plain(a.name), a.code.lower())]
        return exact or [a for a in among if self._with_what_is_above(plain, a)]

    def _with_what_is_above(self, plain: str, area: Area) -> bool:
        """“虚泉镇拟柳” is 拟柳 of 虚泉镇, and nothing of any other town."""
        name = _plain(area.name)
        before = plain.removesuffix(name) if name else plain
        if before == plain:
            return False
        before = _plain(before)
        above = [self.named[code] for code in area.path.split("/")[1:-2] if code in self.named]
        if not above:
            return bool(_ABOVE.search(before))  # nobody told us what is above
        bare = _ABOVE.sub("", before)
        return any(before.endswith(n) or bare.endswith(_ABOVE.sub("", n)) for n in above)


def _plain(name: str) -> str:
    return _ENDING.sub("", name.strip()).lower()
