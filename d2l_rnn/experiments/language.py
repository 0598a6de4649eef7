"""Language models: the experiments of chapters 8 and 9 that end in three lines."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from mxnet.gluon import rnn

from ..acceleration.training import next_token, parameters_of
from ..data.corpora import TextFile, load_text
from ..data.sequences import SequenceLoader, sequential_partition
from ..data.text import Vocab, clean, corpus_from_lines
from ..generation.text import continue_text
from ..models import gluon_layers, scratch
from ..models.gluon_layers import named_arrays
from ..models.language_model import RNNModel
from ..models.scratch_model import RNNModelScratch
from ..models.scratch_stacks import bidirectional, deep, language_model
from ..results import record
from ..results.metrics import perplexity, three_lines
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.initialisation import initialize
from ..training.loop import evaluate, train
from ..training.optimisers import Sgd
from .configs import CorpusConfig, LanguageModelConfig
from .running import Run

_GLUON = {"rnn": rnn.RNN, "gru": rnn.GRU, "lstm": rnn.LSTM}
_WITH_DROPOUT = {
    "rnn": gluon_layers.RNN,
    "gru": gluon_layers.GRU,
    "lstm": gluon_layers.LSTM,
}
_SCRATCH = {
    "rnn": scratch.RNN,
    "gru": scratch.GRU,
    "lstm": scratch.LSTM,
    "lstm-peephole": scratch.LSTM_PEEPHOLE,
}


def read_corpus(
    config: CorpusConfig,
) -> Tuple[TextFile, List[int], List[int], Vocab]:
    """Read the corpus of a configuration and split it.

    Returns
    -------
    text : TextFile
    training, heldout : list of int
        The first ``max_tokens`` token ids, and all that follow.
    vocab : Vocab
        Of the whole text, as in the book.
    """
    text = load_text(config.corpus, config.data_dir or None)
    corpus, vocab = corpus_from_lines(clean(text.lines, config.clean), config.token)
    return text, corpus[: config.max_tokens], corpus[config.max_tokens :], vocab


def build(config: LanguageModelConfig, vocab_size: int, device: Any) -> Any:
    """An initialised language model of a configuration."""
    if config.implementation == "scratch":
        return _build_scratch(config, vocab_size, device)
    options: Dict[str, Any] = {"bidirectional": config.bidirectional}
    if config.dropout:  # Gluon's own layers ignore it on a CPU
        layers, options["dropout"] = _WITH_DROPOUT, config.dropout
    else:
        layers = _GLUON
    layer = layers[config.cell](config.num_hiddens, config.num_layers, **options)
    net = RNNModel(layer, vocab_size)
    initialize(net, device)
    return net


def _build_scratch(config: LanguageModelConfig, vocab_size: int, device: Any) -> Any:
    layer = _SCRATCH[config.cell]
    if config.bidirectional:
        layer = bidirectional(layer)
    if config.num_layers > 1:
        layer = deep(layer, config.num_layers)
    functions = language_model(layer)
    return RNNModelScratch(vocab_size, config.num_hiddens, device, *functions)


def run(config: LanguageModelConfig, run: Run) -> None:
    """Train, evaluate on the text that follows, generate, record."""
    text, corpus, heldout, vocab = read_corpus(config)
    train_iter = SequenceLoader(
        corpus,
        config.batch_size,
        config.num_steps,
        config.sampling == "random",
        run.device,
    )
    set_seed(epoch_seed(config.seed, 0))
    net = build(config, len(vocab), run.device)
    notes: Dict[str, Any] = {"vocab": vocab.idx_to_token, "token": config.token}
    notes["corpus"] = {"name": text.name, "sha1": text.sha1}
    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, saved = checkpoint.load(run.checkpoint)
        checkpoint.put_arrays(named_arrays(net), arrays)
        kept = record.read_run(run.directory).epochs[: saved["epoch"]]
    run.begin({"name": text.name, "sha1": text.sha1, "tokens": len(corpus)}, kept)
    parameters = parameters_of(net, train_iter)
    rows = train(
        next_token(net, parameters, run.device, config.sampling != "sequential"),
        train_iter,
        Sgd(parameters, config.lr, config.theta),
        config.num_epochs,
        seed=config.seed,
        first_epoch=len(kept) + 1,
    )

    def save(epoch: int) -> None:
        arrays = checkpoint.arrays_of(named_arrays(net))
        checkpoint.save(run.checkpoint, arrays, {**notes, "epoch": epoch})

    run.follow(rows, save)
    prefixes: List[Sequence[str]] = list(config.prefix_list())
    if config.token == "word":
        prefixes = [prefix.split() for prefix in config.prefix_list()]
    run.finish(
        {
            "heldout_perplexity": heldout_perplexity(net, heldout, config, run.device),
            "heldout_tokens": len(heldout),
            "texts": [
                continue_text(prefix, config.num_preds, net, vocab, run.device)
                for prefix in prefixes
            ],
        }
    )
    if run.options.plot:
        run.draw_curve()


def heldout_perplexity(
    net: Any, corpus: List[int], config: LanguageModelConfig, device: Any
) -> Any:
    """Perplexity on text that was not trained on, or None where there is too little.

    The text is cut into ``batch_size`` rows and read in windows of ``num_steps`` with
    the state carried over, as in training, but from its first token on.
    """
    batches = sequential_partition(
        corpus, config.batch_size, config.num_steps, ctx=device
    )
    loss, tokens = evaluate(net, batches, device)
    return perplexity(loss, tokens) if tokens else None


def summary(result: Dict[str, Any]) -> str:
    """The book's three lines."""
    return three_lines(
        result["perplexity"],
        result["tokens_per_sec"],
        result["device"],
        result["texts"],
    )
