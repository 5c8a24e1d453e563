"""Published pickles: numpy's arrays come through, and nothing else is so much as looked up."""

import copyreg
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.errors import StageError
from stages.pictures.unpickling import unpickle
from tests.stages.pictures.python2 import pickle_of_python2

DATA = np.arange(6144, dtype=np.uint8).reshape(2, 3072)
BATCH = {
    b"batch_label": b"training batch 1 of 5",
    b"labels": [6, 9],
    b"data": DATA,
    b"filenames": [b"leptodactylus_pentadactylus_s_000004.png", b"camion_s_000148.png"],
}


def test_a_batch_of_python_2_comes_through_whole() -> None:
    content = pickle_of_python2(BATCH)
    assert content.startswith(b"\x80\x02}")
    assert b"cnumpy.core.multiarray\n_reconstruct\n" in content
    found = unpickle(content, "data_batch_1")
    assert found[b"data"].dtype == np.uint8
    assert np.array_equal(found.pop(b"data"), DATA)
    assert found == {key: value for key, value in BATCH.items() if key != b"data"}


TOUCH = b"S'touch {}'\n"
HOSTILE = {
    "os.system": b"cos\nsystem\n(" + TOUCH + b"tR.",
    "posix.system": b"cposix\nsystem\n(" + TOUCH + b"tR.",
    "subprocess": b"csubprocess\ngetoutput\n(" + TOUCH + b"tR.",
    "eval": b'cbuiltins\neval\n(S\'__import__("os").system("touch {}")\'\ntR.',
    "eval, as Python 2 called it": b'c__builtin__\neval\n(S\'__import__("os").system("touch {}")\'\ntR.',
    "in a batch": b"(dS'labels'\n(lsS'data'\ncos\nsystem\n(" + TOUCH + b"tRs.",
    "by the opcode INST": b"(" + TOUCH + b"ios\nsystem\n.",
    "by the opcode OBJ": b"(cos\nsystem\n" + TOUCH + b"o.",
    "by STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93(" + TOUCH + b"tR.",
    "from the memo": b"cos\nsystem\nq\x070h\x07(" + TOUCH + b"tR.",
    "by way of getattr": b"cbuiltins\ngetattr\n(cnumpy\nndarray\nS'__class__'\ntR(" + TOUCH + b"tR.",
    "by a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93(" + TOUCH + b"tR.",
    "by a module's own import": b"\x80\x04\x8c\x05numpy\x8c\x0emultiarray.os\x93(" + TOUCH + b"tR.",
    "another of numpy's": b"cnumpy\nload\n(" + TOUCH + b"tR.",
    "numpy's old eval": b'cnumpy.f2py.crackfortran\nmyeval\n(S\'__import__("os").system("touch {}")\'\ntR.',
    "numpy's testing": b"cnumpy.testing._private.utils\nrunstring\n(S'x'\n}tR.",
    "a codec": b"c_codecs\nencode\n(S'x'\nS'utf_8'\ntR.",
    "another pickle": b"cpickle\nloads\n(S'x'\ntR.",
    "copyreg": b"ccopyreg\n_reconstructor\n(cnumpy\nndarray\ncbuiltins\nobject\nNtR.",
    "a registered extension": b"\x80\x02\x82\xf1(" + TOUCH + b"tR.",
    "an extension that is none": b"\x80\x02\x82\xf0.",
    "a persistent id": b"Pabc\n.",
    "numpy's dtype changed": b"cnumpy\ndtype\n}S'type'\nS'x'\nsb.",
    "numpy's function changed": b"cnumpy.core.multiarray\n_reconstruct\n}S'__call__'\nS'x'\nsb.",
    "an array for which no memory is": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(L9%015dL\ntS'b'\ntR."
    % 0,
    "an array that is no batch": pickle_of_python2(np.zeros(3, np.uint8)),
    "a list": b"(l.",
    "nothing": b"",
    "a text": b"not a pickle at all",
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_pickle_is_refused_and_does_nothing(how: str, tmp_path: Path) -> None:
    done = tmp_path / "done"
    copyreg.add_extension("os", "system", 0xF1)
    try:
        with pytest.raises(
            StageError, match=r"^data_batch_1 (is no pickle of a published batch|holds a .*, not a batch)"
        ):
            unpickle(HOSTILE[how].replace(b"{}", str(done).encode()), "data_batch_1")
    finally:
        copyreg.remove_extension("os", "system", 0xF1)
    assert not done.exists()


def test_the_payloads_would_do_something_elsewhere(tmp_path: Path) -> None:
    """Or else the test above would show nothing."""
    for number, how in enumerate(("os.system", "eval", "in a batch", "by the opcode INST", "from the memo")):
        done = tmp_path / str(number)
        pickle.loads(HOSTILE[how].replace(b"{}", str(done).encode()))  # noqa: S301 - of this file
        assert done.exists(), how


@pytest.mark.parametrize(("how", "asks"), [("os.system", "os.system"), ("by a dotted name", "numpy.ndarray.__class__")])
def test_what_is_asked_for_is_named(how: str, asks: str) -> None:
    with pytest.raises(StageError, match=rf"it asks for {asks}, and only numpy's arrays are let through.*was not used"):
        unpickle(HOSTILE[how], "data_batch_1")


@settings(max_examples=30)
@given(length=st.integers(0, len(pickle_of_python2(BATCH)) - 1))
def test_a_truncated_pickle_is_refused(length: int) -> None:
    with pytest.raises(StageError, match="is no pickle of a published batch"):
        unpickle(pickle_of_python2(BATCH)[:length], "data_batch_1")
