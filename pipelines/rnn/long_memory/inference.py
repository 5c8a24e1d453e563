"""A trained network that reads sequences: saved and loaded. Training and prediction both use it."""

from pathlib import Path

from params import parse
from pipelines.nn import checkpoint
from pipelines.rnn.long_memory.model import LongMemoryParams
from pipelines.rnn.reader import SequenceReader
from pipelines.rnn.sequences import Problem


def save_reader(path: Path, model: SequenceReader, params: LongMemoryParams, problem: Problem) -> None:
    """Writes all that prediction needs into one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "problem": vars(problem)})


def load_reader(path: Path) -> tuple[SequenceReader, Problem]:
    """The network saved at `path`, ready to answer. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    problem = Problem.from_json(state["problem"])
    params = parse(LongMemoryParams, state["params"], f"params in {path}")
    model = SequenceReader(params.reader(), problem)
    model.load_state_dict(state["weights"])
    return model.eval(), problem
