"""Every command on every kind of terminal: its work is done, and it says so if it can.

pytest -m slow tests/test_terminal.py -s        # prints how many were tried and right
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from .experiments.stopping import a_run_a_core
from .terminals import ENCODINGS, STREAMS, command, run

pytestmark = pytest.mark.slow

KEPT_RUNS = Path(__file__).parent / "public" / "runs"
TINY = "--num-hiddens 4 --batch-size 2 --num-steps 6 --epochs 2 --no-plot --quiet"
CHINESE = f"--corpus text.txt --clean none --prefixes 时间 --num-preds 4 {TINY}"
TEXT = "时间机器的故事从一个晚上开始\n" * 40


@dataclass(frozen=True)
class Command:
    """What is typed, what it ends with, and what it then has made."""

    words: str
    status: int = 0
    makes: str = ""
    prints: bool = True


COMMANDS = [
    Command(""),
    Command("--help"),
    Command("--version"),
    Command("run"),
    Command("run lstm --help"),
    Command("list"),
    Command("list --json"),
    Command("book"),
    Command("book rnn --sources"),
    Command("compare runs"),
    Command("compare runs --markdown"),
    Command("report runs --out page.html", makes="page.html"),
    Command("doctor"),
    Command(f"run lstm --out new {CHINESE}", makes="new/result.json"),
    Command(f"run lstm --out new {CHINESE} --json", makes="new/result.json"),
    Command("check hmm --corpus sample --max-tokens 400 --num-states 2"),
    Command("audit runs/bilstm-audit/model --tokens 50"),
    Command("fill the_t_me --run runs/cloze"),
    Command("export runs/gluon --to numpy --out net.npz", makes="net.npz"),
    Command("translate runs/seq2seq go 时间 --beam 2 --n-best 2"),
    Command(
        f"reproduce lstm --out all -- {CHINESE.replace('--quiet', '')}",
        makes="all/lstm/seed-1/result.json",
    ),
    Command("benchmark --quick --out fast", makes="fast/benchmark.json"),
    Command("nonsense", 2, prints=False),
    Command("run lstm --corpus 时间.txt", 3, prints=False),
    Command("compare 时间", 4, prints=False),
]

# The locale of a container that has none, and in which Python was told to stay.
NO_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SETTINGS: Dict[str, Dict[str, str]] = {
    **{name: {"PYTHONIOENCODING": name} for name in ENCODINGS if name != "utf-8"},
    "C": NO_LOCALE,
}
KINDS = [
    *((name, {}) for name in STREAMS),
    *(("as usual", s) for s in SETTINGS.values()),
]


def problem(
    tried: Command, streams: str, environment: Dict[str, str], place: Path
) -> str:
    shutil.copytree(str(KEPT_RUNS), str(place / "runs"))
    (place / "text.txt").write_text(TEXT, encoding="utf-8")
    ended = run(command(*tried.words.split()), place, streams, **environment)
    wrong = ended.problem(tried.status, streams if tried.prints else "as usual")
    if not wrong and tried.makes and not (place / tried.makes).exists():
        wrong = f"{tried.makes} is not there"
    shutil.rmtree(str(place))
    return wrong


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with a_run_a_core() as executor:
        yield executor


@pytest.mark.parametrize("tried", COMMANDS, ids=lambda tried: tried.words or "nothing")
def test_a_command_on_every_terminal(
    tried: Command, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    answers = [
        pool.submit(problem, tried, streams, environment, _made(tmp_path / str(number)))
        for number, (streams, environment) in enumerate(KINDS)
    ]
    wrong: List[Tuple[str, Dict[str, str], str]] = [
        (streams, environment, answer.result())
        for (streams, environment), answer in zip(KINDS, answers)
        if answer.result()
    ]
    print(f"\n{tried.words}: {len(KINDS)} tried, {len(KINDS) - len(wrong)} right")
    assert wrong == []


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


# A reader's own script, which keeps what train_ch8 returns.
SCRIPT = """
import d2l_rnn as d2l
from mxnet import cpu, np, npx
from mxnet.gluon import rnn
npx.set_np()
text = list(open("text.txt", encoding="utf-8").read())
vocab = d2l.Vocab(text)
ids = np.array(vocab[text[:48]]).reshape(2, 24)
net = d2l.RNNModel(rnn.LSTM(4), len(vocab))
history = d2l.train_ch8(net, [(ids[:, :-1], ids[:, 1:])], vocab, 1, 3, cpu())
open("kept", "w").write(str(len(history)))
"""


@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_script_keeps_its_history(
    buffered: str, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    def kept(number: int, streams: str, environment: Dict[str, str]) -> str:
        place = _made(tmp_path / str(number))
        (place / "text.txt").write_text(TEXT, encoding="utf-8")
        settings = {**environment, "PYTHONUNBUFFERED": buffered}
        ended = run(["-c", SCRIPT], place, streams, **settings)
        if not (place / "kept").exists() or "Traceback" in ended.err:
            return ended.err[-300:] or str(ended.status)
        return ""

    answers = [pool.submit(kept, number, *kind) for number, kind in enumerate(KINDS)]
    wrong = [
        (kind, answer.result())
        for kind, answer in zip(KINDS, answers)
        if answer.result()
    ]
    print(f"\ntrain_ch8: {len(KINDS)} tried, {len(KINDS) - len(wrong)} right")
    assert wrong == []
