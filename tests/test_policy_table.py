"""docs/policy.md names real screens, real steps of the scripts and real tests, for each of the policy's 37 rows."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.consultation import texts
from gateway.runtime import Runtime

ROOT = Path(__file__).parents[1]


def rows() -> dict[int, list[str]]:
    """The table's rows by number: what is asked, screen, telephone, tests."""
    lines = (ROOT / "docs" / "policy.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {int(row[0]): row[1:] for row in cells if row[0].isdigit()}


def named(cell: str, kind: str) -> list[str]:
    return re.findall(rf"`({kind}[^`]*)`", cell)


@cache
def names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    found = ast.parse(path.read_text("utf-8"))
    return frozenset(
        n.name for n in ast.walk(found) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")
    )


def steps(script: str, file: str) -> set[str]:
    return set(tomllib.loads((ROOT / "ivr_scripts" / script / file).read_text("utf-8")))


def test_there_are_the_policys_37_rows_in_their_order() -> None:
    assert list(rows()) == list(range(1, 38))
    assert all(len(row) == 4 and all(row) for row in rows().values())


@pytest.mark.parametrize("number", range(1, 38))
def test_every_row_is_shown_by_tests_there_are(number: int) -> None:
    shown = named(rows()[number][3], "tests/")
    assert shown
    for test in shown:
        file, _colons, name = test.partition("::")
        assert name in names_in(file), test


def test_the_guards_are_shown_by_tests_there_are() -> None:
    for test in named((ROOT / "docs" / "policy.md").read_text("utf-8"), r"tests/[^`]*::"):
        file, _colons, name = test.partition("::")
        assert name in names_in(file), test


def test_every_screen_is_a_route_and_every_step_is_in_a_script(empty: Runtime) -> None:
    rules = create_app(runtime=empty).url_map.iter_rules()
    routes = {re.sub(r"<(?:[^<>:]*:)?(\w+)>", r"<\1>", rule.rule) for rule in rules}
    scripts = {
        "hotline": steps("hotline", "script.toml"),
        "replies": steps("replies", "zh-CN.toml"),
        "texts": set(vars(texts)),
    }
    for number, (_asked, screen, telephone, _tests) in rows().items():
        reached = named(screen, "/")
        assert set(reached) <= routes, (number, set(reached) - routes)
        said = [step.split(":") for step in named(telephone, r"(?:hotline|replies|texts):")]
        for script, step in said:
            assert step in scripts[script], (number, script, step)
        assert reached, number
