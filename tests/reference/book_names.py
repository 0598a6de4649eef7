"""The names of the book that are ours, and the section that each comes from.

``python -m tests.reference.book_names`` prints the table of names.
"""

from __future__ import annotations

from typing import Dict, List

import d2l_rnn

# All that chapters 8, 9 and 10 of the 0.17 edition save.
RECURRENT = {
    "Vocab": "8.2",
    "count_corpus": "8.2",
    "load_corpus_time_machine": "8.2",
    "read_time_machine": "8.2",
    "tokenize": "8.2",
    "SeqDataLoader": "8.3",
    "load_data_time_machine": "8.3",
    "seq_data_iter_random": "8.3",
    "seq_data_iter_sequential": "8.3",
    "RNNModelScratch": "8.5",
    "grad_clipping": "8.5",
    "predict_ch8": "8.5",
    "train_ch8": "8.5",
    "train_epoch_ch8": "8.5",
    "RNNModel": "8.6",
    "build_array_nmt": "9.5",
    "load_data_nmt": "9.5",
    "preprocess_nmt": "9.5",
    "read_data_nmt": "9.5",
    "show_list_len_pair_hist": "9.5",
    "tokenize_nmt": "9.5",
    "truncate_pad": "9.5",
    "Decoder": "9.6",
    "Encoder": "9.6",
    "EncoderDecoder": "9.6",
    "MaskedSoftmaxCELoss": "9.7",
    "Seq2SeqEncoder": "9.7",
    "bleu": "9.7",
    "predict_seq2seq": "9.7",
    "train_seq2seq": "9.7",
    "show_heatmaps": "10.1",
    "AdditiveAttention": "10.3",
    "DotProductAttention": "10.3",
    "masked_softmax": "10.3",
    "AttentionDecoder": "10.4",
    "MultiHeadAttention": "10.5",
    "transpose_output": "10.5",
    "transpose_qkv": "10.5",
    "PositionalEncoding": "10.6",
    "AddNorm": "10.7",
    "EncoderBlock": "10.7",
    "PositionWiseFFN": "10.7",
    "TransformerEncoder": "10.7",
}

# Of its other chapters: what d2l 1.0.3 lacks, what that calls, what needs our Vocab.
OTHERS = {
    "get_fashion_mnist_labels": "3.5",
    "show_images": "3.5",
    "Animator": "3.6",
    "accuracy": "3.6",
    "evaluate_accuracy": "3.6",
    "predict_ch3": "3.6",
    "train_ch3": "3.6",
    "train_epoch_ch3": "3.6",
    "DATA_HUB": "4.10",
    "DATA_URL": "4.10",
    "download": "4.10",
    "download_all": "4.10",
    "download_extract": "4.10",
    "try_all_gpus": "5.6",
    "try_gpu": "5.6",
    "load_data_ptb": "14.3",
    "read_ptb": "14.3",
    "load_data_wiki": "14.9",
    "load_data_imdb": "15.1",
    "SNLIDataset": "15.4",
    "load_data_snli": "15.4",
}

# Of its older editions.
OLDER = {
    "MLPAttention": "10.1 of 0.15",
    "predict_s2s_ch9": "9.7 of 0.15",
    "train_s2s_ch9": "9.7 of 0.15",
    "translate": "9.7 of 0.15",
}

# What the book prints without saving it, and what only we have.
UNSAVED = {
    "Seq2SeqDecoder": "9.7",
    "Seq2SeqAttentionDecoder": "10.4",
    "History": "-",
    "load_run": "-",
    "record": "-",
}

NAMES: Dict[str, str] = {**RECURRENT, **OTHERS, **OLDER, **UNSAVED}


def table() -> List[str]:
    """A line for each of our names: name, section, where it lives; then the rest."""
    lines = ["| name | section | lives in |", "| --- | --- | --- |"]
    for name, section in NAMES.items():
        lines.append(f"| `{name}` | {section} | `{d2l_rnn._HOME_OF[name]}` |")
    lines.append("| any other name of d2l 1.0.3 | | re-exported, `d2l.mxnet` |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
