"""Images as sequences: a recurrent net learns the next pixel, and then draws."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

import numpy
from mxnet import init, np, npx

from ..arrays import Integers
from ..data.images import load_images, split
from ..data.png import write_png
from ..data.translation import PairLoader
from ..errors import UsageError
from ..generation.pictures import Painter, nearest, sheet
from ..inference.network import of_gluon
from ..models.gluon_layers import named_arrays
from ..models.pixels import PixelModel, PositionModel
from ..protocols import Device
from ..results import printed
from ..results.metrics import perplexity
from ..seeding import epoch_seed, set_seed
from ..training.checkpoint import arrays_of
from ..training.loop import EpochRow, train
from ..training.objectives import Examples, SummedLoss, total_loss
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_pixels import PixelsConfig
from .contract import Json, Notify, Source
from .nets import SideBySide
from .pixel_baselines import baselines
from .pixel_judge import judge_of
from .sizes import check_sizes
from .two_directions import falling_rate

RECURRENT, POSITIONS = "recurrent", "positions"
NUM_COMPLETED = 8  # unseen images whose lower half is drawn
NUM_COMPLETIONS = 3  # of each
_NUM_JUDGED = 100  # images of each class at each temperature
_NUM_UNTOLD = 1000  # images at each temperature, where no class is told


class PixelsRun(SideBySide[PixelsConfig]):
    """Train the net, and beside it the one without recurrence; measure; draw.

    Attributes
    ----------
    images : Images
    training, heldout : numpy.ndarray of int, shape (num_images, num_pixels)
        Levels.
    training_labels, heldout_labels : numpy.ndarray of int, shape (num_images,)
        Zeros where the net is not told the class.
    """

    text = staticmethod(printed.pixels)
    unit = "pixels"

    def __init__(self, config: PixelsConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.images = images = load_images(config.images, config.num_examples)
        if config.conditional and not images.classes:
            raise UsageError(
                f"--conditional: the images of {images.name} have no classes; "
                "accepted is --no-conditional"
            )
        levels = images.levels(config.levels)
        self.num_classes = len(images.classes) if config.conditional else 1
        labels = images.labels if config.conditional else 0 * images.labels
        first_heldout = split(len(levels))
        self.training, self.heldout = levels[:first_heldout], levels[first_heldout:]
        self.training_labels = labels[:first_heldout]
        self.heldout_labels = labels[first_heldout:]
        self.source = Source(images.name, images.sha1, self.training.size)
        self.train_iter = self._minibatches(self.training, self.training_labels, True)
        self.heldout_iter = self._minibatches(self.heldout, self.heldout_labels, False)
        check_sizes(config, self.num_classes, levels.shape[1])
        set_seed(epoch_seed(config.seed, 0))
        sizes = (config.levels, self.num_classes, config.embed_size, config.num_hiddens)
        self.nets = {
            RECURRENT: PixelModel(
                config.cell, *sizes, config.num_layers, config.dropout
            ),
            POSITIONS: PositionModel(levels.shape[1], *sizes, config.dropout),
        }
        for net in self.nets.values():
            net.initialize(init.Xavier(), ctx=device)
        self.adams = {
            name: Adam(Parameters.of(net), config.lr, config.theta)
            for name, net in self.nets.items()
        }
        self._drawn: Dict[str, Any] = {}

    def _minibatches(
        self, levels: Integers, labels: Integers, shuffle: bool
    ) -> PairLoader:
        """Of what is read, what is to be predicted, and the classes."""
        # (num_images, num_pixels)
        read = numpy.insert(levels[:, :-1], 0, self.config.levels + labels, axis=1)
        arrays = [np.array(array) for array in (read, levels, labels)]
        return PairLoader(arrays, self.config.batch_size, shuffle)

    def summed_loss(self, name: str) -> SummedLoss:
        """Cross-entropy of the pixels under one of the nets, in nats."""
        net = self.nets[name]

        def loss(X: Any, Y: Any, labels: Any) -> Tuple[Any, int]:
            if name == RECURRENT:
                logits, _ = net(X, net.begin_state(X.shape[0], ctx=self.device))
            else:
                logits = net(X, labels)
            losses = -npx.pick(npx.log_softmax(logits, axis=-1), Y, axis=-1)
            return losses.sum(), Y.size

        return loss

    def train(self, name: str, first_epoch: int) -> Iterator[EpochRow]:
        """The mean cross-entropy, by Adam at a falling rate."""
        return train(
            Examples(self.summed_loss(name), self.device),
            self.train_iter,
            self.adams[name],
            self.config.num_epochs,
            seed=self.config.seed,
            first_epoch=first_epoch,
            before_epoch=falling_rate(self.adams[name], self.config),
        )

    def notes(self) -> Mapping[str, Any]:
        """The classes that can be asked for, and the images' size."""
        height, width = self.images.values.shape[1:]
        classes = self.images.classes if self.config.conditional else []
        return {"classes": classes, "height": height, "width": width}

    def painter(self) -> Painter:
        """The net as it is now, in NumPy."""
        net = of_gluon(
            self.config.cell,
            self.config.num_layers,
            1,
            arrays_of(named_arrays(self.nets[RECURRENT])),
        )
        return Painter(net, self.training.shape[1])

    def sample(self) -> Json:
        """A sheet of images at temperature 1, of every class in turn, as PNG."""
        painter, config = self.painter(), self.config
        labels = numpy.arange(10) % self.num_classes
        generator = numpy.random.default_rng(config.seed)
        drawn = painter.draw(labels, 1.0, generator)
        shape = self.images.values.shape[1:]
        picture = write_png(sheet(drawn.reshape(1, -1, *shape), config.levels))
        return {"png": base64.b64encode(picture).decode()}

    def result(self, epochs: Sequence[Json]) -> Json:
        """Held-out bits beside the baselines', and what becomes of what it draws."""
        bits = {}
        for name in self.nets:
            loss, pixels = total_loss(
                self.heldout_iter, self.summed_loss(name), self.device
            )
            bits[name] = loss / pixels / math.log(2)
        loss = bits[RECURRENT] * math.log(2)
        width = self.images.values.shape[2]
        told = (self.training_labels, self.heldout_labels)
        found, chosen = baselines(
            self.training, self.heldout, width, self.config.levels, *told
        )
        return {
            "heldout_perplexity": perplexity(loss, 1),
            "heldout_bits": bits[RECURRENT],
            "heldout_images": len(self.heldout),
            "heldout_tokens": self.heldout.size,
            "baselines": {**found, POSITIONS: bits[POSITIONS]},
            "chosen_for_the_baselines": chosen,
            **self._drawings(),
        }

    def _drawings(self) -> Json:
        """Images at each temperature: which class they are, how near to known ones."""
        config, painter = self.config, self.painter()
        judge = judge_of(
            self.training, self.images.labels, self.images.classes, self.notify
        )
        each = _NUM_JUDGED if config.conditional else _NUM_UNTOLD
        each = max(config.num_samples, min(each, len(self.training)))
        labels = numpy.repeat(numpy.arange(self.num_classes), each)
        samples: Dict[str, Json] = {}
        for number, temperature in enumerate(config.temperature_list()):
            generator = numpy.random.default_rng([config.seed, number])
            drawn = painter.draw(labels, temperature, generator)
            self._drawn[f"{temperature:g}"] = drawn.reshape(self.num_classes, each, -1)[
                :, : config.num_samples
            ]
            _, distances = nearest(drawn, self.training)
            samples[f"{temperature:g}"] = {
                "images": len(drawn),
                "distance_to_training": float(distances.mean()),
                "copies": int((distances == 0).sum()),
                **(
                    {"recognised": float((judge(drawn) == labels).mean())}
                    if judge is not None and config.conditional
                    else {}
                ),
            }
        _, distances = nearest(self.heldout, self.training)
        found: Json = {
            "samples": samples,
            "heldout_distance_to_training": float(distances.mean()),
            "heldout_copies": int((distances == 0).sum()),
        }
        if judge is not None:
            truth = self.images.labels[len(self.training) :]
            found["judge_accuracy"] = float((judge(self.heldout) == truth).mean())
        return found

    def draw(self, directory: Path) -> None:
        """The curve, the sheet of samples, and half-covered images completed."""
        from ..results.plots import save
        from ..results.plots_pictures import completions_figure, samples_figure

        super().draw(directory)
        shape = self.images.values.shape[1:]
        levels = self.config.levels
        sheets = {
            name: drawn.reshape(*drawn.shape[:2], *shape)
            for name, drawn in self._drawn.items()
        }
        classes = self.images.classes if self.config.conditional else []
        save(samples_figure(sheets, levels, classes), directory / "samples.png")
        truth = self.heldout[:NUM_COMPLETED]
        given = shape[0] // 2 * shape[1]
        generator = numpy.random.default_rng([self.config.seed, 1, 1])
        completed = self.painter().complete(
            truth[:, :given],
            self.heldout_labels[:NUM_COMPLETED],
            NUM_COMPLETIONS,
            1.0,
            generator,
        )
        places, _ = nearest(completed.reshape(-1, truth.shape[1]), self.training)
        neighbours = self.training[places].reshape(completed.shape)
        figure = completions_figure(
            truth.reshape(-1, *shape),
            shape[0] // 2,
            completed.reshape(*completed.shape[:2], *shape),
            neighbours.reshape(*completed.shape[:2], *shape),
            levels,
        )
        save(figure, directory / "completions.png")

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Never: the rate would have fallen more slowly."""
        return "its learning rate falls over all epochs"
