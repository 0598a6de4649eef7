"""One to many: a language in, a line of it out, a character at a time."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy
from mxnet import npx

from ..data.lines import Line
from ..data.pairs import LANGUAGES
from ..errors import D2lRnnError
from ..inference import decoding
from ..models.gluon_layers import named_arrays
from ..models.shapes import LineGenerator
from ..results import printed
from ..results.metrics import perplexity
from ..training.checkpoint import arrays_of
from ..training.objectives import total_loss
from ..training.translation import decoder_inputs
from .configs_sequences import OneToManyConfig
from .contract import Json
from .labelled_lines import LinesRun
from .networks import first_state, steps_of

_NUM_JUDGED = 100  # sampled lines of each language whose language is guessed


class OneToManyRun(LinesRun[OneToManyConfig]):
    """Train the generator, measure it with the right and the wrong label, sample."""

    text = staticmethod(printed.generator)

    kind = LineGenerator

    def summed_loss(self, X: Any, valid_len: Any, language: Any) -> Tuple[Any, int]:
        """Cross-entropy of the characters."""
        return cross_entropy(self.net, self.vocab["<bos>"], X, valid_len, language)

    def _of_other_label(self, X: Any, valid_len: Any, language: Any) -> Tuple[Any, int]:
        return self.summed_loss(X, valid_len, 1 - language)

    def result(self, epochs: Sequence[Json]) -> Json:
        """Perplexities, and lines of each language with what trigrams make of them."""
        loss, tokens = total_loss(self.heldout_iter, self.summed_loss, self.device)
        swapped, _ = total_loss(self.heldout_iter, self._of_other_label, self.device)
        accuracy = self.trigrams()
        texts, judged = {}, []
        for language, name in enumerate(LANGUAGES):
            (greedy,) = self.generate(language, 1)
            generator = numpy.random.default_rng([self.config.seed, language])
            drawn = self.generate(language, _NUM_JUDGED, generator)
            samples = drawn[: self.config.num_samples]
            texts[name] = {"greedy": greedy, "sampled": samples}
            judged += [Line(text, language) for text in drawn]
        return {
            "heldout_perplexity": perplexity(loss, tokens),
            "other_label_perplexity": perplexity(swapped, tokens),
            "heldout_tokens": tokens,
            "heldout_lines": len(self.heldout),
            "recognised": accuracy(judged),
            "judge_accuracy": accuracy(self.heldout),
            "lines": texts,
        }

    def sample(self) -> Json:
        """The likeliest line of each language now."""
        lines = (self.generate(number, 1)[0] for number in range(len(LANGUAGES)))
        return {"texts": [f"{n}: {line}" for n, line in zip(LANGUAGES, lines)]}

    def generate(
        self,
        language: int,
        num_lines: int,
        generator: Optional[numpy.random.Generator] = None,
    ) -> List[str]:
        """Lines of a language: the greedy one, or drawn at the set temperature.

        By the NumPy network of the net's arrays, as ``load_run`` makes it.
        """
        vocab, config = self.vocab, self.config
        if type(self.net) is not LineGenerator:
            raise D2lRnnError("lines are those of a LineGenerator, not of another net")
        arrays = arrays_of(named_arrays(self.net))
        _, steps = steps_of(config, arrays, vocab.idx_to_token)
        state = first_state(arrays, language, num_lines)
        first, last = [vocab["<bos>"]] * num_lines, vocab["<eos>"]
        arguments = (steps.step, steps.select, state, first, last, config.num_steps)
        if generator is None:
            found = decoding.greedy_search(*arguments)
        else:
            found = decoding.sample(
                *arguments, generator=generator, temperature=config.temperature
            )
        return ["".join(vocab.to_tokens(list(line.tokens))) for line in found]


def cross_entropy(
    net: LineGenerator, bos: int, X: Any, valid_len: Any, language: Any
) -> Tuple[Any, int]:
    """Cross-entropy of lines given their language, summed, and their characters.

    Parameters
    ----------
    net : LineGenerator
    bos : int
    X : mxnet.np.ndarray, shape (batch_size, num_steps)
        Characters up to ``<eos>``, padded.
    valid_len, language : mxnet.np.ndarray, shape (batch_size,)
    """
    logits, _ = net(decoder_inputs(X, bos), net.begin_state(language))
    # (batch_size, num_steps)
    losses = -npx.pick(npx.log_softmax(logits, axis=-1), X, axis=-1)
    masked = npx.sequence_mask(losses, valid_len, True, axis=1)
    return masked.sum(), int(valid_len.sum())
