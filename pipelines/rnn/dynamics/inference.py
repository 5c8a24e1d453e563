"""Networks that were trained side by side: saved and loaded. Training and prediction both use it."""

from dataclasses import asdict
from pathlib import Path

from params import parse
from pipelines.nn import checkpoint
from pipelines.rnn.dynamics.model import DynamicsParams, SideBySide
from pipelines.rnn.sequences import Problem


def save_networks(path: Path, model: SideBySide, params: DynamicsParams, problem: Problem) -> None:
    """Writes all that prediction needs into one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": asdict(params), "problem": vars(problem)})


def load_networks(path: Path) -> tuple[SideBySide, Problem]:
    """The networks saved at `path`, ready to answer. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    problem = Problem.from_json(state["problem"])
    model = SideBySide(parse(DynamicsParams, state["params"], f"params in {path}"), problem)
    model.load_state_dict(state["weights"])
    return model.eval(), problem
