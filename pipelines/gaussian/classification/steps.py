"""Why a shared covariance gives a linear boundary and the logistic function: the algebra, executed."""

from functools import cache

import numpy as np
import sympy as sp  # type: ignore[import-untyped]

from pipelines.gaussian.checks import Check, Step, equal
from pipelines.gaussian.classifier import Classifier, Covariance
from pipelines.stats.moments import Array

x1, x2, a1, a2, b1, b2 = sp.symbols("x_1 x_2 a_1 a_2 b_1 b_2", real=True)
p, q = sp.symbols("p q", positive=True)  # priors
s1, s2, t1, t2 = sp.symbols("s_1 s_2 t_1 t_2", positive=True)
rho, tau = sp.symbols("rho tau", real=True)
x, first, second = sp.Matrix([x1, x2]), sp.Matrix([a1, a2]), sp.Matrix([b1, b2])
shared = sp.Matrix([[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]])
other = sp.Matrix([[t1**2, tau * t1 * t2], [tau * t1 * t2, t2**2]])


def derive(covariance: Covariance) -> tuple[Step, ...]:
    """The steps, for two features and any means, covariances and priors; a naive classifier is a quadratic one."""
    return _bayes(), _linear() if covariance == "shared" else _quadratic()


def numeric_check(classifier: Classifier, rows: Array) -> Check:
    """Whether the logistic form of a fitted classifier gives the same posteriors as Bayes' rule."""
    one, two = classifier.classes[:2]
    weights, offset = classifier.logistic(one, two)
    logistic = 1 / (1 + np.exp(-(rows[:, list(classifier.used)] @ weights + offset)))
    error = float(np.abs(logistic - classifier.posteriors(rows)[:, 0]).max())
    return Check(
        f"on {len(rows)} rows the logistic form differs from Bayes' rule by at most", f"{error:.0e}", error < 1e-10
    )


def _log_density(mean: sp.Matrix, covariance: sp.Matrix) -> sp.Expr:
    deviation = x - mean
    return -(deviation.T * covariance.inv() * deviation)[0] / 2 - sp.log(covariance.det()) / 2 - sp.log(2 * sp.pi)


@cache  # shared by all kinds of covariance
def _bayes() -> Step:
    one, two = sp.symbols("A B", positive=True)  # prior times density
    odds = sp.Symbol("z", real=True)
    posterior = one / (one + two)
    logistic = 1 / (1 + sp.exp(-odds))
    return Step(
        "bayes",
        "Bayes' rule is the logistic function of the log-odds",
        r"The probability of class 1 for a row $x$ follows from the priors $p$ and the densities $f$. It is the "
        r"logistic function of the log-odds $z$, whatever the densities are.",
        (
            r"p(1 \mid x) = \dfrac{p_1 f_1(x)}{p_1 f_1(x) + p_2 f_2(x)} = \dfrac{1}{1 + e^{-z}}",
            r"z = \log\dfrac{p_1 f_1(x)}{p_2 f_2(x)}",
        ),
        (
            equal(
                "the two sides differ by",
                sp.simplify(posterior - logistic.subs(odds, sp.log(one / two))),
                sp.Integer(0),
            ),
        ),
    )


@cache
def _linear() -> Step:
    odds = sp.log(p) - sp.log(q) + _log_density(first, shared) - _log_density(second, shared)
    weights = shared.inv() * (first - second)
    offset = sp.log(p) - sp.log(q) - ((first.T * shared.inv() * first)[0] - (second.T * shared.inv() * second)[0]) / 2
    curved = [sp.simplify(sp.diff(odds, u, v)) for u in (x1, x2) for v in (x1, x2)]
    return Step(
        "linear",
        "With one covariance the log-odds are linear",
        r"In the difference of the two exponents, $x^T \Sigma^{-1} x$ and the determinants cancel. What is left is "
        r"linear in $x$: the boundary, $z = 0$, is a line (a plane for more features), and the classifier has the form "
        r"of logistic regression.",
        (
            r"z = w^T x + b, \qquad w = \Sigma^{-1}(\mu_1 - \mu_2)",
            r"b = -\dfrac{1}{2}\mu_1^T \Sigma^{-1}\mu_1 + \dfrac{1}{2}\mu_2^T \Sigma^{-1}\mu_2 + \log\dfrac{p_1}{p_2}",
        ),
        (
            equal("for two features, $z - w^T x - b$", sp.simplify(odds - (weights.T * x)[0] - offset), sp.Integer(0)),
            Check("the second derivatives of $z$ in $x$", f"{curved}", not any(curved)),
        ),
    )


@cache
def _quadratic() -> Step:
    odds = sp.log(p) - sp.log(q) + _log_density(first, shared) - _log_density(second, other)
    curvature = sp.Matrix([[sp.diff(odds, u, v) for v in (x1, x2)] for u in (x1, x2)])
    apart = sp.simplify(curvature - (other.inv() - shared.inv()))
    return Step(
        "quadratic",
        "With a covariance each they are quadratic",
        r"The squares do not cancel: the boundary is a conic section (an ellipse, a hyperbola or a parabola).",
        (r"\dfrac{\partial^2 z}{\partial x^2} = \Sigma_2^{-1} - \Sigma_1^{-1}",),
        (Check("for two features the two sides differ by", f"{apart.tolist()}", apart == sp.zeros(2, 2)),),
    )
