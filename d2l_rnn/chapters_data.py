"""The book's data sets of chapters 14 and 15, with the vocabulary of chapter 8.

Reading, sampling and padding are d2l 1.0.3's, which needs to be installed. Its
``load_data_*`` build the 1.0 edition's ``Vocab``, whose ids follow the alphabet; these
build the 0.17 edition's, whose ids follow frequency. Both packages can be used side by
side: nothing of d2l is changed.
"""

from __future__ import annotations

import os
from typing import List, Optional, Sequence, Tuple

from mxnet import gluon, np

from .compatibility import prepare_mxnet
from .data.reading import decode, read_content
from .late_binding import book
from .protocols import Array, BookVocabulary, Minibatches
from .streams import show

prepare_mxnet()


def load_data_imdb(
    batch_size: int, num_steps: int = 500
) -> Tuple[Minibatches, Minibatches, BookVocabulary]:
    """IMDb's reviews and whether they praise (book Section 15.1).

    Parameters
    ----------
    batch_size : int
    num_steps : int
        Reviews are cut or padded to it.

    Returns
    -------
    train_iter, test_iter : gluon.data.DataLoader
        Of token ids (batch_size, num_steps) and labels (batch_size,), 1 for praise.
    vocab : Vocab
        Of the training reviews' words that occur five times or more. It has no
        ``<pad>``, so reviews are padded with the id of ``<unk>``, as in the book.
    """
    data_dir = book("download_extract")("aclImdb", "aclImdb")
    read, tokenize = book("read_imdb"), book("tokenize")
    (train_texts, train_labels), (test_texts, test_labels) = (
        read(data_dir, is_train) for is_train in (True, False)
    )
    train_tokens = tokenize(train_texts, token="word")
    test_tokens = tokenize(test_texts, token="word")
    vocab = book("Vocab")(train_tokens, min_freq=5)
    load_array = book("load_array")
    train_iter = load_array(
        (_padded(train_tokens, vocab, num_steps), train_labels), batch_size
    )
    test_iter = load_array(
        (_padded(test_tokens, vocab, num_steps), test_labels),
        batch_size,
        is_train=False,
    )
    return train_iter, test_iter, vocab


def _padded(lines: Sequence[List[str]], vocab: BookVocabulary, num_steps: int) -> Array:
    """Token ids of lines, shape (len(lines), num_steps)."""
    truncate_pad, padding = book("truncate_pad"), vocab["<pad>"]
    ids = [truncate_pad(vocab[line], num_steps, padding) for line in lines]
    padded: Array = np.array(ids)
    return padded


def read_ptb() -> List[List[str]]:
    """The words of each line of the Penn Treebank's training part (Section 14.3)."""
    path = os.path.join(book("download_extract")("ptb"), "ptb.train.txt")
    text = decode(read_content(path, "file"), f"file {path}", path)
    return [line.split() for line in text.split("\n")]


def load_data_ptb(
    batch_size: int, max_window_size: int, num_noise_words: int
) -> Tuple[Minibatches, BookVocabulary]:
    """Words of the Penn Treebank with context and noise words (book Section 14.3).

    Parameters
    ----------
    batch_size, max_window_size : int
        A window's size is drawn from 1 to the largest.
    num_noise_words : int
        For each context word.

    Returns
    -------
    data_iter : gluon.data.DataLoader
        Of centers, contexts with noise words, masks and labels.
    vocab : Vocab
        Of the words that occur ten times or more.
    """
    sentences = book("read_ptb")()
    vocab = book("Vocab")(sentences, min_freq=10)
    subsampled, counter = book("subsample")(sentences, vocab)
    corpus = [vocab[line] for line in subsampled]
    centers, contexts = book("get_centers_and_contexts")(corpus, max_window_size)
    negatives = book("get_negatives")(contexts, vocab, counter, num_noise_words)
    data_iter = gluon.data.DataLoader(
        gluon.data.ArrayDataset(centers, contexts, negatives),
        batch_size,
        shuffle=True,
        batchify_fn=book("batchify"),
        num_workers=book("get_dataloader_workers")(),
    )
    return data_iter, vocab


class SNLIDataset(gluon.data.Dataset):
    """Pairs of sentences and how the second follows from the first (Section 15.4).

    Parameters
    ----------
    dataset : (premises, hypotheses, labels)
        As ``read_snli`` returns them.
    num_steps : int
        Sentences are cut or padded to it.
    vocab : Vocab, optional
        Without it one of all words that occur five times or more.
    """

    def __init__(
        self,
        dataset: Tuple[Sequence[str], Sequence[str], Sequence[int]],
        num_steps: int,
        vocab: Optional[BookVocabulary] = None,
    ) -> None:
        self.num_steps = num_steps
        premises, hypotheses, labels = dataset
        premise_tokens = book("tokenize")(premises)
        hypothesis_tokens = book("tokenize")(hypotheses)
        if vocab is None:
            vocab = book("Vocab")(
                premise_tokens + hypothesis_tokens,
                min_freq=5,
                reserved_tokens=["<pad>"],
            )
        self.vocab = vocab
        # (number of examples, num_steps)
        self.premises = _padded(premise_tokens, vocab, num_steps)
        self.hypotheses = _padded(hypothesis_tokens, vocab, num_steps)
        # (number of examples,)
        self.labels = np.array(labels)
        show(f"read {len(self.premises)} examples")

    def __getitem__(self, idx: int) -> Tuple[Tuple[Array, Array], Array]:
        return (self.premises[idx], self.hypotheses[idx]), self.labels[idx]

    def __len__(self) -> int:
        return len(self.premises)


def load_data_snli(
    batch_size: int, num_steps: int = 50
) -> Tuple[Minibatches, Minibatches, BookVocabulary]:
    """The Stanford corpus of natural-language inference (book Section 15.4).

    Parameters
    ----------
    batch_size : int
    num_steps : int
        Sentences are cut or padded to it.

    Returns
    -------
    train_iter, test_iter : gluon.data.DataLoader
        Of pairs of token ids, each (batch_size, num_steps), and labels (batch_size,).
    vocab : Vocab
        Of the training sentences.
    """
    num_workers = book("get_dataloader_workers")()
    data_dir = book("download_extract")("SNLI")
    train_data = book("read_snli")(data_dir, True)
    test_data = book("read_snli")(data_dir, False)
    train_set = book("SNLIDataset")(train_data, num_steps)
    test_set = book("SNLIDataset")(test_data, num_steps, train_set.vocab)
    train_iter, test_iter = (
        gluon.data.DataLoader(
            dataset,
            batch_size,
            shuffle=dataset is train_set,
            num_workers=num_workers,
        )
        for dataset in (train_set, test_set)
    )
    return train_iter, test_iter, train_set.vocab


def load_data_wiki(batch_size: int, max_len: int) -> Tuple[Minibatches, BookVocabulary]:
    """WikiText-2 for the two tasks on which BERT is trained first (Section 14.9).

    Parameters
    ----------
    batch_size : int
    max_len : int
        Sequences of two sentences are padded to it; longer ones are left out.

    Returns
    -------
    train_iter : gluon.data.DataLoader
        Of token ids, segments, valid lengths, places, weights and labels of the masked
        tokens, and whether the second sentence is the next.
    vocab : Vocab
        Of the words that occur five times or more.
    """
    num_workers = book("get_dataloader_workers")()
    from d2l import mxnet as d2l  # is there, or the line above would have told

    paragraphs = d2l._read_wiki(book("download_extract")("wikitext-2", "wikitext-2"))
    paragraphs = [book("tokenize")(lines, token="word") for lines in paragraphs]
    vocab = book("Vocab")(
        [sentence for paragraph in paragraphs for sentence in paragraph],
        min_freq=5,
        reserved_tokens=["<pad>", "<mask>", "<cls>", "<sep>"],
    )
    pairs: List[
        Tuple[List[str], List[int], bool]
    ] = []  # tokens, segments, whether the second sentence is the next
    for paragraph in paragraphs:
        pairs += d2l._get_nsp_data_from_paragraph(paragraph, paragraphs, vocab, max_len)
    examples = [
        (*d2l._get_mlm_data_from_tokens(tokens, vocab), segments, is_next)
        for tokens, segments, is_next in pairs
    ]
    train_iter = gluon.data.DataLoader(
        gluon.data.ArrayDataset(*d2l._pad_bert_inputs(examples, max_len, vocab)),
        batch_size,
        shuffle=True,
        num_workers=num_workers,
    )
    return train_iter, vocab
