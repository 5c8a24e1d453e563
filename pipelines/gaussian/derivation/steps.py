"""Gauss's argument (Theoria motus, 1809, articles 175 to 179) in steps, each with checks that execute it.

Which law of error makes the mean of the observations the most probable true value? A step has text for the reader and
checks by the computer: algebra by sympy, numbers by mpmath and numpy.
"""

from functools import cache

import mpmath  # type: ignore[import-untyped]
import numpy as np
import sympy as sp  # type: ignore[import-untyped]

from pipelines.gaussian.checks import Check, Step, close, equal, latex
from pipelines.gaussian.error_laws import LAWS
from pipelines.stats.moments import Array

a, b, e, k, mu, x, y = sp.symbols("a b e k mu x y", real=True)
h, r, sigma, theta, radius = sp.symbols("h r sigma theta R", positive=True)
constant = sp.Symbol("C", positive=True)
f, g = sp.Function("f"), sp.Function("g")
SAMPLE = np.array([-1.3, 0.2, 0.4, 1.1, 3.6])  # arbitrary numbers


@cache
def derive() -> tuple[Step, ...]:
    """The whole argument, executed."""
    steps = (
        _likelihood,
        _odd,
        _additive,
        _proportional,
        _exponential,
        _negative,
        _normalised,
        _variance,
        _mean_is_the_maximum,
        _least_squares,
    )
    return tuple(step() for step in steps)


def additivity(name: str) -> float:
    """The largest |g(a + b) - g(a) - g(b)| on a grid, for the slope g of a law's log-density: 0 if g is additive."""
    grid = np.linspace(-3, 3, 61)
    grid = grid[grid != 0]
    one, other = np.meshgrid(grid, grid)
    slope = LAWS[name].slope
    return float(np.nanmax(np.abs(slope(one + other) - slope(one) - slope(other))))


def highest(name: str, sample: Array) -> float:
    """The maximum of the likelihood of a sample (n,) under a law, by search on ever finer grids."""
    low, high = float(sample.min()), float(sample.max())
    for _ in range(12):
        grid = np.linspace(low, high, 201)
        best = int(LAWS[name].log_density(sample - grid[:, None]).sum(axis=1).argmax())
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 200)]
    return (low + high) / 2


def _likelihood() -> Step:
    n = 3
    observed = sp.symbols(f"x1:{n + 1}", real=True)
    log_likelihood = sum(sp.log(f(value - mu)) for value in observed)
    slope = sp.diff(log_likelihood, mu).doit()
    expected = -sum((sp.diff(f(e), e) / f(e)).subs(e, value - mu).doit() for value in observed)
    return Step(
        "likelihood",
        "Observations, errors and their likelihood",
        r"A quantity $\mu$ is observed $n$ times. The errors $x_i - \mu$ are independent and have the same density "
        "$f$, which is positive and differentiable and depends only on the size of an error. The likelihood of the "
        r"observations is a function of $\mu$, and the slope of its logarithm is a sum over the function "
        r"$g = f'/f = (\log f)'$.",
        (
            r"L(\mu) = \prod_{i=1}^{n} f(x_i - \mu)",
            r"\dfrac{d}{d\mu}\log L(\mu) = -\sum_{i=1}^{n} g(x_i - \mu), \qquad g(x) = \dfrac{f'(x)}{f(x)}",
        ),
        (
            Check(
                f"the slope for $n = {n}$ and any $f$, term by term",
                "sympy's derivative less the sum is " + f"${latex(sp.simplify(slope - expected))}$",
                sp.simplify(slope - expected) == 0,
            ),
        ),
    )


def _odd() -> Step:
    condition = g(e) + g(-e)
    return Step(
        "odd",
        "The condition: the mean is the most probable value",
        r"Gauss starts from common practice: the mean $\bar x$ of equally good observations is taken for the true "
        r"value. So whatever the observations are, the likelihood must have its maximum at $\mu = \bar x$, where its "
        r"slope is 0. The errors $e_i = x_i - \bar x$ can be any numbers that sum to 0. For two observations they are "
        r"$e$ and $-e$: $g$ is odd.",
        (
            r"\sum_{i=1}^{n} g(e_i) = 0 \quad\mathrm{whenever}\quad \sum_{i=1}^{n} e_i = 0",
            r"n = 2: \quad g(-e) = -g(e)",
        ),
        (
            equal("solved for $g(-e)$", sp.solve(condition, g(-e))[0], -g(e)),
            Check(
                "for two observations the errors from their mean are $e$ and $-e$",
                f"$x_1 - \\bar x = {latex(sp.simplify(a - (a + b) / 2))}$, $x_2 - \\bar x = "
                f"{latex(sp.simplify(b - (a + b) / 2))}$",
                bool(sp.simplify((a - (a + b) / 2) + (b - (a + b) / 2)) == 0),
            ),
        ),
    )


def _additive() -> Step:
    three = g(a) + g(b) + g(-(a + b))
    odd = three.subs(g(-(a + b)), -g(a + b)).subs(g(-a - b), -g(a + b))
    measured = {name: additivity(name) for name in LAWS if name != "uniform"}  # its density is 0 in places
    broken = ", ".join(f"{name} {error:.2g}" for name, error in measured.items() if error > 1e-9)
    return Step(
        "additive",
        "Three observations: g is additive",
        r"For three observations the errors are $a$, $b$ and $-(a + b)$. As $g$ is odd, $g$ of a sum is the sum of the "
        r"values of $g$. (Gauss lets one of $n$ observations differ from all others, which gives the same for integer "
        "multiples.) Most laws of error do not have this property.",
        (r"n = 3: \quad g(a) + g(b) + g(-(a + b)) = 0 \quad\Rightarrow\quad g(a + b) = g(a) + g(b)",),
        (
            equal("solved for $g(a + b)$", sp.solve(odd, g(a + b))[0], g(a) + g(b)),
            Check(
                "of four laws only the normal one has an additive $g$; the largest errors of the others are",
                broken,
                [name for name, error in measured.items() if error < 1e-9] == ["normal"],
            ),
        ),
    )


def _proportional() -> Step:
    slope = sp.Function("s")
    flat = sp.diff(g(a + b) - g(a) - g(b), a).doit().subs(a, 0).doit()
    expected = sp.diff(g(b), b) - sp.Subs(sp.diff(g(a), a), a, 0)
    solved = sp.dsolve(sp.Eq(slope(x).diff(x), k), slope(x), ics={slope(0): 0}).rhs
    return Step(
        "proportional",
        "So g is proportional",
        r"The derivative of $g(a + b) = g(a) + g(b)$ in $a$, at $a = 0$, is $g'(b) = g'(0)$: the same number $k$ for "
        r"every $b$. As $g(0) = 0$ (it is odd), $g(x) = kx$. (No derivative is needed: an additive function that is "
        "continuous anywhere is proportional, which is Cauchy's theorem.)",
        (r"\dfrac{f'(x)}{f(x)} = k x",),
        (
            Check(
                "the derivative of $g(a + b) - g(a) - g(b)$ in $a$, at $a = 0$, for any $g$",
                "$g'(b) - g'(0)$",
                bool(sp.simplify(flat - expected) == 0),
            ),
            equal("$s' = k$ with $s(0) = 0$ has the solution", solved, k * x),
            equal("and it is additive: $g(a + b) - g(a) - g(b)$", k * (a + b) - k * a - k * b, sp.Integer(0)),
        ),
    )


def _exponential() -> Step:
    solved = sp.dsolve(sp.Eq(f(x).diff(x) / f(x), k * x), f(x)).rhs
    free = sp.Symbol("C1")
    return Step(
        "exponential",
        "The differential equation and its solution",
        r"From $(\log f)' = kx$ follows $\log f = kx^2/2$ up to a constant.",
        (r"f(x) = C\, e^{k x^2/2}",),
        (
            equal("sympy solves $f'/f = kx$ by", solved, free * sp.exp(k * x**2 / 2)),
            equal("put into the equation, $f'/f - kx$", sp.diff(solved, x) / solved - k * x, sp.Integer(0)),
        ),
    )


def _negative() -> Step:
    density = constant * sp.exp(k * x**2 / 2)
    curvature = sp.diff(sp.log(density), x, 2)
    upward = sp.Symbol("k", nonnegative=True)
    infinite = sp.integrate(constant, (x, -sp.oo, sp.oo))
    return Step(
        "negative",
        "k is negative",
        r"At a maximum the slope of the likelihood falls: the slope of $\log L$ in $\mu$ is $-k \sum (x_i - \mu)$, "
        r"whose derivative is $nk$, so that $k < 0$. Also, for $k \geq 0$ the density could not have a finite "
        r"integral. Gauss writes $k/2 = -h^2$ and calls $h$ the measure of precision.",
        (r"f(x) = C\, e^{-h^2 x^2}, \qquad h > 0",),
        (
            equal("each observation adds to the second derivative of $\\log L$", sp.simplify(curvature), k),
            Check(
                "for $k \\geq 0$ the exponent $kx^2/2$ is at least 0, so $f$ is at least $C$, whose integral is",
                f"${latex(infinite)}$",
                bool((upward * x**2 / 2).is_nonnegative) and infinite == sp.oo,
            ),
        ),
    )


def _normalised() -> Step:
    plane = sp.Matrix([r * sp.cos(theta), r * sp.sin(theta)])
    jacobian = sp.simplify(plane.jacobian([r, theta]).det())
    disc = sp.integrate(sp.integrate(sp.exp(-(h**2) * r**2) * r, (r, 0, radius)), (theta, 0, 2 * sp.pi))
    limit = sp.limit(disc, radius, sp.oo)
    whole = sp.integrate(sp.exp(-(h**2) * x**2), (x, -sp.oo, sp.oo))
    edge, precision = 1.5, 0.8
    square = float(mpmath.quad(lambda t: mpmath.exp(-((precision * t) ** 2)), [-edge, edge])) ** 2
    inner, outer = (float(disc.subs({h: precision, radius: edge * stretch})) for stretch in (1, 2**0.5))
    return Step(
        "normalised",
        "The integral is 1: polar coordinates",
        r"The square of $I = \int_{-\infty}^{\infty} e^{-h^2 x^2} dx$ is an integral over the plane, where "
        r"$e^{-h^2(x^2 + y^2)}$ depends only on the distance $r$ from the origin. With $x = r\cos\theta$ and "
        r"$y = r\sin\theta$, $r$ from 0 to $R$ and $\theta$ from 0 to $2\pi$, the area $dx\,dy$ is $r\,dr\,d\theta$, "
        r"and the factor $r$ makes the integral one of a derivative. The plane is reached as $R \to \infty$: the "
        r"square from $-R$ to $R$ lies between the discs of radius $R$ and $R\sqrt{2}$, whose integrals have the same "
        r"limit.",
        (
            r"I^2 = \int_{-\infty}^{\infty}\int_{-\infty}^{\infty} e^{-h^2(x^2+y^2)}\,dx\,dy",
            r"I^2 = \lim_{R\to\infty} \int_0^{2\pi}\int_0^R e^{-h^2 r^2}\, r\,dr\,d\theta",
            r"\int_0^R e^{-h^2 r^2}\, r\,dr = \dfrac{1 - e^{-h^2 R^2}}{2h^2}",
            r"I^2 = 2\pi\,\dfrac{1}{2h^2} = \dfrac{\pi}{h^2}, \qquad C = \dfrac{1}{I} = \dfrac{h}{\sqrt{\pi}}",
        ),
        (
            equal("the determinant of the derivatives of $(r\\cos\\theta, r\\sin\\theta)$", jacobian, r),
            equal("over the disc of radius $R$", disc, sp.pi * (1 - sp.exp(-(h**2) * radius**2)) / h**2),
            equal("its limit as $R \\to \\infty$", limit, sp.pi / h**2),
            equal("$I$, by sympy without polar coordinates", whole, sp.sqrt(sp.pi) / h),
            Check(
                f"disc, square, larger disc for $R = {edge}$ and $h = {precision}$",
                f"{inner:.6f} < {square:.6f} < {outer:.6f}",
                inner < square < outer,
            ),
            close(
                f"$C \\cdot I$ for $h = {precision}$, integrated numerically",
                float(
                    precision / mpmath.sqrt(mpmath.pi)
                    * mpmath.quad(lambda t: mpmath.exp(-((precision * t) ** 2)), [-mpmath.inf, 0, mpmath.inf])
                ),
                1.0,
                1e-12,
            ),
        ),
    )  # fmt: skip


def _variance() -> Step:
    density = h / sp.sqrt(sp.pi) * sp.exp(-(h**2) * x**2)
    variance = sp.integrate(x**2 * density, (x, -sp.oo, sp.oo))
    precision = sp.solve(sp.Eq(variance, sigma**2), h)[0]
    final = density.subs(h, precision)
    spread = 1.7
    numeric = mpmath.quad(
        lambda t: t**2 * mpmath.npdf(t, 0, spread), [-mpmath.inf, -spread, 0, spread, mpmath.inf]
    )  # mpmath's own normal density
    return Step(
        "variance",
        "Precision and standard deviation",
        r"The variance of the law gives $h$ in terms of the standard deviation $\sigma$.",
        (
            r"\sigma^2 = \int_{-\infty}^{\infty} x^2 f(x)\,dx = \dfrac{1}{2h^2}",
            r"h = \dfrac{1}{\sigma\sqrt{2}}",
            r"f(x) = \dfrac{1}{\sigma\sqrt{2\pi}}\; e^{-x^2/(2\sigma^2)}",
        ),
        (
            equal("the variance", variance, 1 / (2 * h**2)),
            equal("solved for $h$", precision, 1 / (sigma * sp.sqrt(2))),
            equal("the density", final, sp.exp(-(x**2) / (2 * sigma**2)) / (sigma * sp.sqrt(2 * sp.pi))),
            equal("its integral", sp.integrate(final, (x, -sp.oo, sp.oo)), sp.Integer(1)),
            close(f"its variance for $\\sigma = {spread}$, numerically", float(numeric), spread**2, 1e-9),
        ),
    )


def _mean_is_the_maximum() -> Step:
    observed = sp.symbols("x1:5", real=True)
    log_likelihood = sum(
        -((value - mu) ** 2) / (2 * sigma**2) - sp.log(sigma * sp.sqrt(2 * sp.pi)) for value in observed
    )
    place = sp.solve(sp.diff(log_likelihood, mu), mu)
    curvature = sp.simplify(sp.diff(log_likelihood, mu, 2))
    return Step(
        "mean_is_the_maximum",
        "The converse: under this law the mean is most probable",
        r"So far: if the mean is the most probable value, the law is this one. Conversely, under this law it is: the "
        r"slope of the log-likelihood is 0 at the mean only, and falls everywhere.",
        (
            r"\dfrac{d}{d\mu}\log L = \dfrac{1}{\sigma^2}\sum_{i=1}^{n}(x_i - \mu) = 0",
            r"\mu = \dfrac{1}{n}\sum_{i=1}^{n} x_i",
        ),
        (
            equal("solved for $n = 4$", place[0], sum(observed) / 4),
            equal("the second derivative, everywhere", curvature, -4 / sigma**2),
            close(
                f"the highest likelihood of {', '.join(map(str, SAMPLE))}, by search, is at their mean",
                highest("normal", SAMPLE),
                float(SAMPLE.mean()),
                1e-6,  # a maximum is flat: half of the digits of its height
            ),
        ),
    )


def _least_squares() -> Step:
    n = 4
    observed = sp.symbols(f"x1:{n + 1}", real=True)
    mean = sum(observed) / n
    squares = sum((value - mu) ** 2 for value in observed)
    about_mean = sum((value - mean) ** 2 for value in observed)
    deviation = sp.solve(sp.diff(-n * sp.log(sigma) - about_mean / (2 * sigma**2), sigma), sigma)
    return Step(
        "least_squares",
        "The consequences: least squares, and the most likely variance",
        r"The log-likelihood falls with the sum of squared errors: the most probable value is that of least squares, "
        r"for a mean as for the orbit of a planet. The most likely variance is the mean squared deviation.",
        (
            r"\sum_{i=1}^{n}(x_i - \mu)^2 = \sum_{i=1}^{n}(x_i - \bar x)^2 + n(\bar x - \mu)^2",
            r"\hat\sigma^2 = \dfrac{1}{n}\sum_{i=1}^{n}(x_i - \bar x)^2",
        ),
        (
            equal(
                f"the two sides for $n = {n}$ differ by",
                sp.expand(squares - about_mean - n * (mean - mu) ** 2),
                sp.Integer(0),
            ),
            Check(
                f"the slope in $\\sigma$ is 0 where $\\sigma^2$ is the mean squared deviation ($n = {n}$)",
                f"{len(deviation)} solution above 0",
                len(deviation) == 1 and sp.expand(deviation[0] ** 2 - about_mean / n) == 0,
            ),
        ),
    )
