"""Mathematics that is executed: the steps of an argument, each with checks by the computer."""

import re
from dataclasses import dataclass

import sympy as sp  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Check:
    """A statement, what the computer found, and whether that confirms it."""

    statement: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Step:
    """A step of the argument."""

    name: str
    title: str
    text: str
    formulas: tuple[str, ...]  # LaTeX
    checks: tuple[Check, ...]


def equal(statement: str, found: sp.Expr, expected: sp.Expr) -> Check:
    """Whether two expressions are equal; the first is shown as sympy writes it."""
    return Check(statement, f"${latex(found)}$", bool(sp.simplify(found - expected) == 0))


def close(statement: str, found: float, expected: float, tolerance: float) -> Check:
    """Whether two numbers differ by `tolerance` at most."""
    error = abs(found - expected)
    return Check(statement, f"{found:.12g}, {error:.0e} off", bool(error <= tolerance))


def latex(expression: sp.Basic) -> str:
    """The expression in the part of LaTeX that mathtext draws: without `\\left(` around simple sums."""
    return re.sub(r"\{?\\left\(([\w +-]+?) \\right\)\}?", r"(\1)", str(sp.latex(expression)))
