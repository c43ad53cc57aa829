"""Who sits at the panel."""

import pytest

from gateway.runtime import Runtime
from tests.admin.panel import Panel


@pytest.fixture
def qian(village: Runtime) -> Panel:
    """钱小满, the village's clerk."""
    return Panel(village, "qianxiaoman")


@pytest.fixture
def officer(village: Runtime) -> Panel:
    """The township's officer, who sees all villages."""
    return Panel(village, "xuquanzhen")


@pytest.fixture
def miao(village: Runtime) -> Panel:
    """苗主任, whose community has a result in publicity (16号)."""
    return Panel(village, "miaozhuren")
