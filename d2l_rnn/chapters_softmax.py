"""The training of the book's chapter 3, which left d2l in 1.0 (Section 3.6).

It is here for the later chapters and exercises that use it, and needs no d2l.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, SupportsInt, Tuple

from mxnet import autograd, gluon

from .compatibility import prepare_mxnet
from .errors import UsageError
from .late_binding import book
from .protocols import Array, Classifier, Loss, Minibatch

prepare_mxnet()

_LABELS = "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot"


def get_fashion_mnist_labels(labels: Iterable[SupportsInt]) -> List[str]:
    """What the classes 0 to 9 of Fashion-MNIST are called (book Section 3.5.1)."""
    names = _LABELS.split(",")
    return [names[int(label)] for label in labels]


def accuracy(y_hat: Any, y: Array) -> float:
    """Number of right predictions (book Section 3.6.5).

    Parameters
    ----------
    y_hat : mxnet.np.ndarray, shape (batch_size, num_classes) or (batch_size,)
        Scores of which the largest is the prediction, or the predictions.
    y : mxnet.np.ndarray, shape (batch_size,)
        Labels.
    """
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    return float((y_hat.astype(y.dtype) == y).sum())


def evaluate_accuracy(net: Classifier, data_iter: Iterable[Minibatch]) -> float:
    """Share of right predictions over a data set (book Section 3.6.5).

    Parameters
    ----------
    net : callable
        ``net(X)`` gives the scores.
    data_iter : iterable of (X, y)
    """
    right, number = 0.0, 0
    for X, y in data_iter:
        right += book("accuracy")(net(X), y)
        number += y.size
    return right / number


def train_epoch_ch3(
    net: Classifier,
    train_iter: Iterable[Minibatch],
    loss: Loss,
    updater: Callable[[int], object],
) -> Tuple[float, float]:
    """Train for one epoch (book Section 3.6.6).

    Parameters
    ----------
    net : callable
        ``net(X)`` gives the scores.
    train_iter : iterable of (X, y)
    loss : callable
        ``loss(y_hat, y)`` gives a loss for each example.
    updater : gluon.Trainer, or callable
        A callable is given the batch size.

    Returns
    -------
    loss, accuracy : float
        Means over the examples.
    """
    if isinstance(updater, gluon.Trainer):
        updater = updater.step
    total, right, number = 0.0, 0.0, 0
    for X, y in train_iter:
        with autograd.record():
            y_hat = net(X)
            losses = loss(y_hat, y)
        losses.backward()
        updater(X.shape[0])
        total += float(losses.sum())
        right += book("accuracy")(y_hat, y)
        number += y.size
    return total / number, right / number


def train_ch3(
    net: Classifier,
    train_iter: Iterable[Minibatch],
    test_iter: Iterable[Minibatch],
    loss: Loss,
    num_epochs: int,
    updater: Callable[[int], object],
) -> None:
    """Train a classifier, and draw how it goes (book Section 3.6.6).

    The book ends by asserting that Fashion-MNIST has been learnt (loss below 0.5,
    accuracies above 0.7); here that is left to the reader's eyes.

    Parameters
    ----------
    net, train_iter, loss, updater
        As for :func:`train_epoch_ch3`.
    test_iter : iterable of (X, y)
    num_epochs : int
        At least 1.
    """
    if num_epochs < 1:
        raise UsageError(f"num_epochs {num_epochs}: at least 1")
    animator = book("Animator")(
        xlabel="epoch",
        xlim=[1, num_epochs],
        ylim=[0.3, 0.9],
        legend=["train loss", "train acc", "test acc"],
    )
    for epoch in range(1, num_epochs + 1):
        train_metrics = book("train_epoch_ch3")(net, train_iter, loss, updater)
        test_acc = book("evaluate_accuracy")(net, test_iter)
        animator.add(epoch, (*train_metrics, test_acc))


def predict_ch3(net: Classifier, test_iter: Iterable[Minibatch], n: int = 6) -> None:
    """Show the first images with their labels and the predicted ones (Section 3.6.7).

    Parameters
    ----------
    net : callable
    test_iter : iterable of (X, y)
        Images of 28 by 28.
    n : int
        Number of images, at most those of a minibatch.
    """
    X, y = next(iter(test_iter))
    names = book("get_fashion_mnist_labels")
    trues, preds = names(y), names(net(X).argmax(axis=1))
    titles = [f"{true}\n{pred}" for true, pred in zip(trues, preds)]
    n = min(n, len(X))
    book("show_images")(X[:n].reshape(n, 28, 28), 1, n, titles=titles[:n])
