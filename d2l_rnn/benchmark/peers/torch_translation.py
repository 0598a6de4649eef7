"""The book's encoder-decoders on PyTorch: the same model, loss and update.

Sections 9.7 and 10.4: embeddings, gated recurrent units, additive attention, dropout,
cross-entropy of what is no padding, Adam, the gradient clipped at norm 1.
"""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from serving import SentWorkload, Tasks, pairs
from torch import nn
from torch.nn import functional

_DROPOUT, _BOS = 0.1, 2
#: Keys and which of them are words, (B, T, h) and (B, T).
Memory = Tuple[torch.Tensor, torch.Tensor]


class Attention(nn.Module):
    """The words' mean, weighted by the softmax of ``w_v^T tanh(W_q q + W_k k)``."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.W_q, self.W_k = (nn.Linear(size, size, bias=False) for _ in range(2))
        self.w_v = nn.Linear(size, 1, bias=False)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, query: torch.Tensor, memory: Memory) -> torch.Tensor:
        """(B, 1, h) of a query (B, 1, h)."""
        keys, words = memory
        scores = self.w_v(torch.tanh(self.W_q(query) + self.W_k(keys)))[:, :, 0]
        weights = torch.softmax(scores.masked_fill(~words, -1e6), dim=1)
        return torch.bmm(self.dropout(weights)[:, None], keys)


class EncoderDecoder(nn.Module):
    """An encoder and a decoder of embeddings and GRUs, with or without attention."""

    def __init__(self, workload: SentWorkload) -> None:
        super().__init__()
        size, layers = workload["num_hiddens"], workload["num_layers"]
        vocab_size = workload["vocab_size"]
        self.source, self.target = (nn.Embedding(vocab_size, size) for _ in range(2))
        self.encoder = nn.GRU(size, size, layers, dropout=_DROPOUT)
        self.decoder = nn.GRU(2 * size, size, layers, dropout=_DROPOUT)
        self.dense = nn.Linear(size, vocab_size)
        attends = workload["family"] == "attention"
        self.attention = Attention(size) if attends else None
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)

    def encode(
        self, X: torch.Tensor, lengths: torch.Tensor
    ) -> Tuple[Memory, torch.Tensor]:
        """Memory and state of sentences (B, T)."""
        Y, state = self.encoder(self.source(X).transpose(0, 1))
        words = torch.arange(X.shape[1]) < lengths[:, None]
        return (Y.transpose(0, 1), words), state

    def decode(
        self,
        X: torch.Tensor,
        memory: Memory,
        state: torch.Tensor,
        context: Optional[torch.Tensor],
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        """Logits (B, T, vocab_size) and state; ``context``, (B, h), if none attends."""
        inputs = self.target(X).transpose(0, 1)
        if self.attention is None:
            assert context is not None
            beside = context.expand(len(inputs), *context.shape)
            Y, state = self.decoder(torch.cat((inputs, beside), 2), state)
        else:
            outputs = []
            for x in inputs:
                found = self.attention(state[-1][:, None], memory)
                step = torch.cat((found, x[:, None]), 2).transpose(0, 1)
                y, state = self.decoder(step, state)
                outputs.append(y)
            Y = torch.cat(outputs)
        return self.dense(Y).transpose(0, 1), state


def build(workload: SentWorkload) -> Tasks:
    """Tasks of an encoder-decoder: ``train`` and ``generate``, a sentence at a time."""
    net = EncoderDecoder(workload)
    optimizer = torch.optim.Adam(net.parameters(), lr=workload["lr"])
    batch_size, num_steps = workload["batch_size"], workload["num_steps"]

    def train(count: int) -> None:
        net.train()
        arrays = [torch.tensor(array) for array in pairs(workload, count)]
        losses = []
        for start in range(0, count * batch_size, batch_size):
            X, X_lengths, Y, Y_lengths = (a[start : start + batch_size] for a in arrays)
            bos = torch.full((len(Y), 1), _BOS)
            memory, state = net.encode(X, X_lengths)
            inputs = torch.cat((bos, Y[:, :-1]), 1)
            logits, _ = net.decode(inputs, memory, state, state[-1])
            each = functional.cross_entropy(logits.transpose(1, 2), Y, reduction="none")
            words = torch.arange(num_steps) < Y_lengths[:, None]
            loss = (each * words).mean(dim=1).sum()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1)
            optimizer.step()
            losses.append(loss.detach())
        torch.stack(losses).tolist()

    def generate(count: int) -> None:
        net.eval()
        for begin in range(0, count, num_steps):
            X = torch.ones((1, num_steps), dtype=torch.int64)
            memory, state = net.encode(X, torch.tensor([4]))
            token, context = torch.tensor([[_BOS]]), state[-1]
            for _ in range(min(num_steps, count - begin)):
                logits, state = net.decode(token, memory, state, context)
                token = logits.argmax(dim=2)
                token.item()  # is it the end?

    return {"train": train, "generate": torch.no_grad()(generate)}
