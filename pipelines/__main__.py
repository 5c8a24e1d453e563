"""The command line: `python -m pipelines COMMAND`. An expected error is one message and exit status 1."""

import argparse
import gc
import inspect
import os
import select
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inputs.options import TableOptions, add_options
from pipelines.runs import signals
from pipelines.runs.scratch import scratch

if TYPE_CHECKING:
    from pipelines.runs.tracker import Champion

UNREAD = 141  # a shell's exit status for SIGPIPE: the reader of the output, `head` say, has closed it


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        with scratch():
            return int(options.run(options) or 0)
    except KeyboardInterrupt:
        print("interrupted: what was finished is kept, the same command resumes from there", file=sys.stderr)
        return 130
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _unread():  # and not the pipe to a process or server that died
            return UNREAD
        if not isinstance(error, ValueError | OSError):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1


def _unread() -> bool:
    """Whether whoever read the output has closed it."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in output.poll(0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    train = command("run", _run, "train, compare and promote a pipeline's runs (a DVC stage)")
    train.add_argument("pipeline")
    alone = command("standalone", _standalone, "train runs without Prefect and MLflow, on a machine that has neither")
    alone.add_argument("pipeline")
    alone.add_argument("variants", nargs="*", metavar="VARIANT", help="all, if none is named")
    alone.add_argument("--seeds", type=int, nargs="+", default=[], help="all, if none is named")
    alone.add_argument("--out", type=Path, default=Path("data/standalone"), help="its runs' folders (%(default)s)")
    show = command("show", _show, "show the settings of a pipeline's runs, defaults included")
    show.add_argument("pipeline")
    show.add_argument("--variant", help="one alone; else what most share, and how each differs")
    show.add_argument("--data", choices=["builtin", "public"], help="default: what params.yaml names")
    predict = command(
        "predict", _predict, "let a pipeline's champion answer for texts; exit status 1 where one has no answer"
    )
    predict.add_argument("pipeline")
    predict.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="TEXT",
        help="one or more texts, or what else the task reads; without any, a text a line from standard input",
    )
    fit = command("fit", _fit, "fit a normal distribution to a column of a CSV file, and say whether it is one")
    fit.add_argument("file", type=Path)
    fit.add_argument("--column", help="its name or its number from 1; not needed where only one column holds numbers")
    fit.add_argument("--level", type=float, default=0.95, help="of the intervals (default: %(default)s)")
    add_options(fit)
    repro = command("repro", _repro, "run the whole DAG")
    repro.add_argument("--data", choices=["builtin", "public"], help="write data.source in params.yaml first")
    repro.add_argument("--record", action="store_true", help="keep how long each stage took, for later estimates")
    repro.add_argument("--setup-seconds", type=float, default=0, help=argparse.SUPPRESS)
    results = command("results", _results, "write the results into the documents, from the ledgers")
    mode = results.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing, and fail where a document differs")
    mode.add_argument("--compare", action="store_true", help="compare the ledgers with the runs in data/models")
    mode.add_argument(
        "--record",
        nargs="*",
        type=Path,
        metavar="RUN_FOLDER",
        help="record finished runs first: those named, or all in data/models",
    )
    command("publish", _publish, "write stage outputs to a tracking store that lacks them (after it was wiped)")
    ui = command("ui", _ui, "MLflow's and Prefect's UI, until Ctrl-C")
    ui.add_argument("--mlflow-port", type=int, default=5000)
    ui.add_argument("--prefect-port", type=int, default=4200)
    command("deploy", _deploy, "create work pools and deployments on the running Prefect server")
    command("worker", _worker, "run a worker for a work pool").add_argument("pool")
    return parser


def _run(options: argparse.Namespace) -> None:
    from pipelines.ops.server import reported, start_soon
    from pipelines.settings import load_pipeline

    pipeline = load_pipeline(options.pipeline)  # a mistake in params.yaml is reported before all else
    prefect = start_soon()  # it takes seconds, and so does the rest before a run can begin
    from pipelines.runs import flows
    from pipelines.runs.tracking import tracker

    tracker().create_store(pipeline.name)
    prefect.wait()
    with signals.interruptible(), reported(prefect):
        getattr(flows, pipeline.family)(pipeline=pipeline.name, stage=True)


def _standalone(options: argparse.Namespace) -> None:
    from pipelines.runs import standalone

    standalone.train(options.pipeline, options.variants, options.seeds, options.out)


def _show(options: argparse.Namespace) -> None:
    from pipelines.reporting.show import show
    from pipelines.settings import load_pipeline

    print(show(load_pipeline(options.pipeline, source=options.data), options.variant), end="")


def _predict(options: argparse.Namespace) -> int:
    """Prints the answers; 1 where a text has none, which is named by its number on standard error."""
    from pipelines import task
    from pipelines.runs.tracking import tracker
    from pipelines.settings import full_name, is_known, load_pipeline

    name = full_name(options.pipeline)
    if is_known(name):
        pipeline = load_pipeline(name)
        known = task.find(pipeline.family, pipeline.task)
        if not known.has_predictor:
            raise ValueError(
                f"the result of {name} is a report, no model that answers: data/reports/{name}/page/report.md"
            )
        if options.arguments in (["-h"], ["--help"]):
            print(inspect.getdoc(known.predictor.inputs))
            return 0
    champion = tracker().champion(name)
    _compare_with_outputs(name, champion)
    found = task.find(champion.config["family"], champion.config["task"])
    asked, status = 0, 0
    for texts in _batches(found.questions(options.arguments)):
        answers = [{"error": str(texts)}] if isinstance(texts, ValueError) else champion.predict(texts)
        for answer in answers:
            asked += 1
            if "error" not in answer:
                print(found.predictor.shown(answer), end="\n\n", flush=True)
                continue
            status = 1
            name = f"{'text' if options.arguments else 'line'} {asked}: "
            where = "" if isinstance(texts, ValueError) else name
            print(f"error: {where}{answer['error']}", file=sys.stderr, flush=True)
    return status


def _batches(questions: Iterable[list[str]]) -> Iterator[list[str] | ValueError]:
    """Batches of texts; of a file that cannot be read the error, which names it, and then those of other files."""
    asked = iter(questions)
    while True:
        try:
            yield next(asked)
        except StopIteration:
            return
        except ValueError as error:
            yield error


def _compare_with_outputs(pipeline: str, champion: "Champion") -> None:
    """Reports a champion that is not the one of the stage's outputs, as after DVC has restored others."""
    from pipelines.runs.registry import chosen_champion

    chosen = chosen_champion(pipeline)
    if not chosen.items() <= champion.tags.items():
        print(
            f"note: the answers are those of {champion.tags.get('run')} as it was registered last; data/registry/"
            f"{pipeline}.json names another champion ({chosen['run']}): `python -m pipelines publish` registers it",
            file=sys.stderr,
        )


def _fit(options: argparse.Namespace) -> None:
    from inputs.tables import read_table
    from pipelines.stats.summary import of_column

    table = read_table(options.file, TableOptions.of(options))
    name, values = table.sample(options.column)
    print(table.read_as, file=sys.stderr)
    print("\n".join(of_column(name, values, options.level).lines()))


def _repro(options: argparse.Namespace) -> int:
    from pipelines.ops.repro import repro

    return repro(options.data, options.setup_seconds, is_recorded=options.record)


def _results(options: argparse.Namespace) -> int:
    from pipelines.reporting import results

    if options.check:
        return results.check()
    if options.compare:
        return results.compare()
    if options.record is not None:
        results.record(options.record)
    return results.write()


def _publish(_options: argparse.Namespace) -> None:
    from pipelines.runs.registry import publish

    published, champions = publish()
    print(f"published {published} runs that the store lacked; champions: {champions}")


def _ui(options: argparse.Namespace) -> int:
    from pipelines.ops.ui import ui

    return ui(options.mlflow_port, options.prefect_port)


def _deploy(_options: argparse.Namespace) -> None:
    from pipelines.ops.deploy import deploy

    deploy()


def _worker(options: argparse.Namespace) -> int:
    from pipelines.ops.deploy import worker

    return worker(options.pool)


if __name__ == "__main__":
    signals.repeat_lost_interruptions()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # where it is not in UTF-8
    # MLflow and Prefect leave threads behind that would delay the end of the process.
    status = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        status = UNREAD
    if status == UNREAD:  # what is left would be written, and fail, once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stderr.flush()
    gc.freeze()  # Python would search the objects of all modules for garbage at the end, for more than a second
    os._exit(status) if status == 130 else sys.exit(status)
