"""Exercises of the notebook on pictures that are drawn pixel by pixel."""

from __future__ import annotations

import math

import numpy

from .judging import Hint, ask, exercise, near, numbers


@exercise("pixels a")
def check_pixels_a(answer: object) -> None:
    """``bits_per_pixel(log_probs)``: (num_images, num_pixels), natural logarithms."""
    uniform = numpy.full((3, 4), -math.log(16))
    if not near(ask(answer, uniform), 4, 1e-6):
        raise Hint(
            "guessing evenly among 16 levels takes 4 bits a pixel.",
            "在16个灰度级中平均地猜，每个像素是4比特。",
        )
    probabilities = numpy.random.default_rng(51).uniform(0.01, 1, (5, 7))
    questions = sum(-math.log2(p) for p in probabilities.ravel())
    if not near(ask(answer, numpy.log(probabilities)), questions / 35, 1e-6):
        raise Hint(
            "right where all probabilities are alike, not where they differ: what is "
            "averaged?",
            "概率都相同时正确，概率不同时不对：应该对什么求平均？",
        )


@exercise("pixels b")
def check_pixels_b(answer: object) -> None:
    """``tokens_read(images, labels, num_levels)``: the class, then what came before."""
    images = numpy.array([[4, 0, 3, 1], [2, 2, 0, 4], [1, 3, 3, 0]])
    labels = numpy.array([2, 0, 1])
    found = numbers(ask(answer, images, labels, 5), images.shape)
    if found.max() > 7:
        raise Hint(
            f"{found.max():.0f} is no token of 5 levels and 3 classes.",
            f"5个灰度级、3个类别时，没有编号为{found.max():.0f}的词元。",
        )
    if found[:, 0].tolist() != [5 + label for label in labels]:
        raise Hint(
            "what stands first must say the class, and be no grey level: those take "
            "the numbers 0 to num_levels - 1.",
            "第一个词元应表示类别，并且不能与灰度级混淆："
            "灰度级占用0到 num_levels - 1。",
        )
    for t in range(1, images.shape[1]):
        if found[:, t].tolist() != images[:, t - 1].tolist():
            raise Hint(
                f"at step {t} the net may have read the pixels before the one that it "
                "predicts there, not that one.",
                f"在时间步{t}，网络只能读到待预测像素之前的像素，不能读到它本身。",
            )


@exercise("pixels c")
def check_pixels_c(answer: object) -> None:
    """``nearest_of(drawn, training)``: places, (num_drawn,), by Euclidean distance."""
    rng = numpy.random.default_rng(52)
    training = rng.integers(0, 17, (40, 6))
    training[7] *= 3  # a bright image, whose product with any other is large
    drawn = numpy.vstack([training[[7, 3]], rng.integers(0, 17, (20, 6))])
    expected = [
        min(range(40), key=lambda place: math.dist(image, training[place]))
        for image in drawn.tolist()
    ]
    found = numbers(ask(answer, drawn, training), (22,))
    if [int(place) for place in found[:2]] != [7, 3]:
        raise Hint(
            "an image that stands in the training set is nearest to itself.",
            "如果图像本身就在训练集里，最近的应是它自己。",
        )
    if found.tolist() != expected:
        raise Hint(
            "copies are found, others are not: are all differences counted, and none "
            "against another?",
            "能找到完全相同的图像，其余的不对：是否每个差都计入了，而没有互相抵消？",
        )
