"""Planted bugs stay plantable: each applies to the code as it is, and its tests exist."""

import ast

import pytest
from planted_bugs import ROOT, mutants

MUTANTS = list(mutants())


def test_there_are_enough_to_mean_something():
    assert len(MUTANTS) >= 60


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_planted_bug_applies_and_names_tests_that_exist(mutant):
    """Its text occurs once, the change is a change that Python can read, and it has a promise."""
    changed = mutant.apply_to((ROOT / mutant.file).read_text())

    assert mutant.before != mutant.after
    assert mutant.promise.endswith(".")
    assert mutant.tests
    assert [test for test in mutant.tests if not _exists(test)] == []
    if mutant.file.endswith(".py"):
        ast.parse(changed)


def _exists(test):
    path, _, name = test.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    function = name.partition("[")[0]
    tree = ast.parse(file.read_text())
    return not name or function in {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    }
