"""Write docs/pictures.png, all pictures that runs draw, and docs/pictures.md on it.

The runs are tiny and made here, on the embedded samples, so the pictures show what
they are of and nothing more: no number in them is a result.

scripts/make_contact_sheet.py                 make the runs, then the sheet (minutes)
scripts/make_contact_sheet.py --runs FOLDER   keep the runs there; those that are there
                                              already are not made again
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from d2l_rnn.cli import main as d2l_rnn
from d2l_rnn.errors import D2lRnnError
from d2l_rnn.files import write_bytes
from d2l_rnn.results.book import load_book
from d2l_rnn.results.record import read_run

DOCS = Path(__file__).resolve().parents[1] / "docs"
COLUMNS, CARD, CAPTION, GAP = 3, (620, 400), 30, 16  # pixels

_TEXT = "--corpus sample --batch-size 8 --num-steps 16"
_LANGUAGE = f"{_TEXT} --max-tokens 3000 --num-hiddens 24 --num-preds 10"
_BOTH = f"{_TEXT} --max-tokens 6000 --num-hiddens 16 --embed-size 8"
_PAIRS = "--corpus sample --num-hiddens 24 --embed-size 16 --num-layers 1"


@dataclass(frozen=True)
class Made:
    """A run that is made for the sheet.

    Attributes
    ----------
    name : str
        Its folder.
    command : str
        What follows ``d2l-rnn run``.
    shows : dict of str to str
        What each of its pictures shows, by the picture's name without ``.png``.
    """

    name: str
    command: str
    shows: Dict[str, str]


RUNS = (
    Made(
        "lstm-1",
        f"lstm {_LANGUAGE} --epochs 30 --lr 1",
        {
            "curve": "training perplexity by epoch over the range and the median of "
            "the book's builds"
        },
    ),
    Made("lstm-2", f"lstm {_LANGUAGE} --epochs 30 --lr 0.3", {}),
    Made(
        "gru-v1",
        "gru-v1 --corpus sample --num-hiddens 16 --batch-size 32 --num-steps 8 "
        "--num-train 640 --num-val 160 --num-preds 8 --epochs 12",
        {"curve": "edition 1.0: validation perplexity by epoch over its builds"},
    ),
    Made(
        "sequence",
        "sequence --epochs 5",
        {
            "curve": "the loss by epoch over the builds' range",
            "continued": "the series, each next step predicted, and the series "
            "continued from its own predictions; where the training data end",
            "steps-ahead": "predictions 1, 4, 16 and 64 steps ahead over the series",
            "error": "how the error of a prediction grows with the steps ahead",
        },
    ),
    Made(
        "text-stats",
        "text-stats --corpus sample",
        {
            "zipf-word": "how often words and their n-grams occur, by rank",
            "zipf-char": "the same of characters",
        },
    ),
    Made(
        "bptt",
        f"bptt {_TEXT} --max-tokens 2000 --num-hiddens 8 --length 4 --num-draws 4 "
        "--epochs 4",
        {
            "curve": "training perplexity of full backpropagation through time",
            "strategies": "where each strategy cuts the gradient of a text",
            "gradient-flow": "how a gradient vanishes or explodes on its way back; a "
            "colour a spectral radius",
            "clipping": "how far each update moves the parameters, clipped and not; a "
            "colour a spectral radius",
        },
    ),
    Made(
        "pixels",
        "pixels --num-examples 600 --num-hiddens 32 --embed-size 8 --epochs 4 "
        "--num-samples 4",
        {
            "curve": "perplexity a pixel by epoch",
            "samples": "digits drawn, a column a class, by temperature",
            "completions": "held-out digits, their upper part, and what the net makes "
            "of it beside the nearest training image",
        },
    ),
    Made(
        "hmm",
        "hmm --corpus sample --max-tokens 4000 --num-states 8 --num-restarts 2 "
        "--trial-epochs 2 --epochs 12",
        {
            "curve": "perplexity by pass of Baum-Welch",
            "emission": "the likeliest tokens of each state",
        },
    ),
    Made(
        "cloze",
        f"cloze {_BOTH} --epochs 4 --num-states 4 --num-restarts 1 "
        "--trial-iterations 1 --num-iterations 4",
        {"curve": "both nets of filling blanks, side by side"},
    ),
    Made(
        "tagging",
        f"tagging {_BOTH} --epochs 6",
        {"curve": "both nets of restoring capitals and punctuation"},
    ),
    Made(
        "many-to-one",
        "many-to-one --corpus sample --epochs 8",
        {"curve": "the classifier's perplexity by epoch"},
    ),
    Made(
        "one-to-many",
        "one-to-many --corpus sample --epochs 8",
        {"curve": "the generator's perplexity by epoch"},
    ),
    Made(
        "bilstm-audit",
        f"bilstm-audit {_LANGUAGE} --epochs 20 --audit-tokens 300",
        {
            "right_context": "perplexity by how many later tokens the net may see",
            "gradient": "how much a prediction depends on each input, before and after",
        },
    ),
    Made(
        "seq2seq-attention",
        f"seq2seq-attention {_PAIRS} --epochs 40",
        {
            "curve": "the book's loss by epoch over its builds",
            "attention": "attention weights of translated sentences: rows are the "
            "translation, columns the source",
        },
    ),
)

PLOT, LIVE = "plot-by", "live"
OTHERS = {
    PLOT: "`d2l-rnn plot RUN ... --by lr --book lstm`: runs by their own settings",
    LIVE: "the curve that grows in a notebook's cell, over the builds' range",
}

_PAGE = """<!-- Made by: python scripts/make_contact_sheet.py -->

# The pictures

What `d2l-rnn run` leaves in a run's directory, `d2l-rnn plot` draws and a notebook
shows, on one sheet. It is made by `python scripts/make_contact_sheet.py` of tiny runs
on the embedded samples, to be looked at: titles, units, ticks, colours. No number in it
is a result; those are in [results.md](results.md).

Every picture has a title and named axes, says where an axis is logarithmic, counts
epochs in whole numbers, and tells lines apart by colours that colour-blind readers can
tell and by dashes where they mean something.

![All pictures on one sheet](pictures.png)

| run | picture | what it shows |
| --- | --- | --- |
"""


def page() -> str:
    """The Markdown page about the sheet."""
    rows = [
        f"| `{made.command.split()[0]}` | `{name}.png` | {shows} |"
        for made in RUNS
        for name, shows in made.shows.items()
    ]
    rows += [f"| - | - | {shows} |" for shows in OTHERS.values()]
    return _PAGE + "\n".join(rows) + "\n"


def make_runs(folder: Path) -> None:
    """Make the runs that are not there yet."""
    for made in RUNS:
        directory = folder / made.name
        if not (directory / "result.json").exists():
            words = [*made.command.split(), "--seed", "1", "--out", str(directory)]
            status = d2l_rnn(["run", *words, "--quiet"])
            if status != 0:
                raise D2lRnnError(f"d2l-rnn run {made.command}: exit status {status}")


def pictures(folder: Path) -> List[Tuple[str, Image.Image]]:
    """All pictures with their captions, in the order of the page."""
    found = []
    for made in RUNS:
        for name in made.shows:
            path = folder / made.name / f"{name}.png"
            found.append((f"{made.command.split()[0]}: {path.name}", path))
    plotted = folder / f"{PLOT}.png"
    runs = [str(folder / name) for name in ("lstm-1", "lstm-2")]
    command = ["--by", "lr", "--book", "lstm", "--title", "lstm", "--out", str(plotted)]
    d2l_rnn(["plot", *runs, *command])
    found.append(("d2l-rnn plot --by lr --book lstm", plotted))
    cards = [(caption, Image.open(path).convert("RGB")) for caption, path in found]
    return [*cards, ("in a notebook's cell", live(folder / "lstm-1"))]


def live(directory: Path) -> Image.Image:
    """The notebook's curve as it stands when that run has ended."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from d2l_rnn.results.plots_live import CurveOverBuilds

    rows = read_run(directory).epochs
    animator = CurveOverBuilds(load_book()["lstm"], 1, len(rows))
    for row in rows:
        animator.add(row["epoch"], [row["perplexity"]])
    animator.fig.set_dpi(150)
    buffer = io.BytesIO()
    FigureCanvasAgg(animator.fig).print_figure(buffer)
    return Image.open(buffer).convert("RGB")


def sheet(cards: List[Tuple[str, Image.Image]]) -> bytes:
    """The pictures in rows, each above its caption, as a PNG file."""
    width, height = CARD[0] + GAP, CARD[1] + CAPTION + GAP
    rows = -(-len(cards) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * width + GAP, rows * height + GAP), "#f3f4f6")
    draw = ImageDraw.Draw(whole)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 16)  # matplotlib's own
    for index, (caption, picture) in enumerate(cards):
        left = GAP + index % COLUMNS * width
        top = GAP + index // COLUMNS * height
        picture.thumbnail(CARD)
        whole.paste("#ffffff", (left, top, left + CARD[0], top + CARD[1]))
        room = [(total - used) // 2 for total, used in zip(CARD, picture.size)]
        whole.paste(picture, (left + room[0], top + room[1]))
        draw.text((left, top + CARD[1] + 6), caption, fill="#1c2430", font=font)
    buffer = io.BytesIO()
    # A palette makes it a quarter as large; of this kind, as others merge the colours
    # of thin lines, which are to be told apart.
    palette = Image.Quantize.FASTOCTREE
    few = whole.quantize(256, method=palette, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER")
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as made_here:
            folder = options.runs or Path(made_here)
            make_runs(folder)
            write_bytes(options.docs / "pictures.png", sheet(pictures(folder)))
            write_bytes(options.docs / "pictures.md", page().encode())
    except (D2lRnnError, OSError) as error:
        print(f"make_contact_sheet: {error}", file=sys.stderr)
        return getattr(error, "exit_status", 4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
