"""What one part asks of another: the members that are used, and no more.

MXNet comes without types. These protocols say what is used of it, and what a reader's
own net, loss or optimiser has to have so that our loops can work with it.
"""

from __future__ import annotations

from typing import (
    Callable,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    TypeVar,
    Union,
    overload,
)

from .arrays import Floats, Integers

Shape = Tuple[int, ...]
TensorT = TypeVar("TensorT", bound="Tensor")


class Device(Protocol):
    """Where an array lies: ``mxnet.Context``."""

    device_type: str
    device_id: int


class Tensor(Protocol):
    """What arrays have in common with symbols: equations are written with it.

    A function of a ``TensorT`` computes when it is given arrays, and describes itself
    as a graph when it is given symbols.
    """

    @property
    def T(self: TensorT) -> TensorT: ...
    def as_nd_ndarray(self) -> LegacyArray: ...
    def astype(self: TensorT, dtype: object, copy: bool = ...) -> TensorT: ...
    def mean(self: TensorT) -> TensorT: ...
    def reshape(self: TensorT, *shape: int) -> TensorT: ...
    def __getitem__(self: TensorT, key: object) -> TensorT: ...
    def __iter__(self: TensorT) -> Iterator[TensorT]: ...
    def __len__(self) -> int: ...
    def __add__(self: TensorT, other: Operand) -> TensorT: ...
    def __radd__(self: TensorT, other: Operand) -> TensorT: ...
    def __sub__(self: TensorT, other: Operand) -> TensorT: ...
    def __rsub__(self: TensorT, other: Operand) -> TensorT: ...
    def __mul__(self: TensorT, other: Operand) -> TensorT: ...
    def __rmul__(self: TensorT, other: Operand) -> TensorT: ...
    def __truediv__(self: TensorT, other: Operand) -> TensorT: ...
    def __rtruediv__(self: TensorT, other: Operand) -> TensorT: ...
    def __pow__(self: TensorT, other: Operand) -> TensorT: ...


class Array(Tensor, Protocol):
    """What is used of ``mxnet.np.ndarray``."""

    shape: Shape
    size: int
    ndim: int
    dtype: object
    ctx: Device
    grad: Optional[Array]
    _fresh_grad: bool

    def asnumpy(self) -> Floats: ...
    def as_in_ctx(self, ctx: Device) -> Array: ...
    def attach_grad(self) -> None: ...
    def backward(self) -> None: ...
    def detach(self) -> Array: ...
    def sum(self, axis: int = ...) -> Array: ...
    def argmax(self, axis: int) -> Array: ...
    def repeat(self, repeats: int, axis: int) -> Array: ...
    def swapaxes(self, axis1: int, axis2: int) -> Array: ...
    def transpose(self, *axes: int) -> Array: ...
    def __setitem__(self, key: object, value: object) -> None: ...
    def __imul__(self, other: Operand) -> Array: ...
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...


class Differentiable(Protocol):
    """What a gradient can be taken of."""

    def backward(self) -> None: ...


class LegacyArray(Protocol):
    """What is used of ``mx.nd``'s arrays, and of its symbols: views of an array."""

    shape: Shape
    size: int
    grad: Optional[LegacyArray]

    @property
    def T(self) -> LegacyArray: ...
    def __iter__(self) -> Iterator[LegacyArray]: ...
    def as_np_ndarray(self) -> Array: ...
    def asnumpy(self) -> Floats: ...
    def reshape(self, shape: Shape) -> LegacyArray: ...
    def __getitem__(self, key: object) -> LegacyArray: ...
    def __setitem__(self, key: object, value: object) -> None: ...


Operand = Union[Tensor, Floats, float]


class Namespace(Protocol):
    """A module of operators: ``F.np``, ``F.npx``."""

    @property
    def _internal(self) -> Namespace: ...
    def __getattr__(self, name: str) -> Callable[..., Tensor]: ...


class Operators(Protocol):
    """``F`` of ``hybrid_forward``: ``mxnet.ndarray``, or ``mxnet.symbol``."""

    @property
    def np(self) -> Namespace: ...
    @property
    def npx(self) -> Namespace: ...


class Layer(Protocol):
    """A Gluon block that makes one of one: ``nn.Dense``, ``nn.Embedding``, ..."""

    def __call__(self, X: TensorT) -> TensorT: ...


class RecurrentLayer(Protocol):
    """A Gluon recurrent layer of ours; ``lengths`` where it takes them."""

    def __call__(
        self, inputs: Array, state: Sequence[Array], lengths: Array = ...
    ) -> Tuple[Array, List[Array]]: ...

    def begin_state(self, batch_size: int, ctx: Device) -> List[Array]: ...


#: Arrays by name: what a checkpoint holds.
Arrays = Mapping[str, Floats]

#: A net's state, which only the net can read: an array, a list of them, a dict, ...
State = object


class Net(Protocol):
    """A Gluon block, or an object whose ``params`` are the arrays to be trained."""

    @property
    def params(self) -> Sequence[Array]: ...


class LanguageModel(Protocol):
    """A net that reads tokens and scores the next one, after each."""

    def __call__(self, X: Array, state: State) -> Tuple[Array, State]: ...

    def begin_state(self, batch_size: int, ctx: Device) -> State: ...


class TrainableModel(Net, LanguageModel, Protocol):
    """A language model whose arrays can be trained."""


class Classifier(Protocol):
    """A net that scores classes."""

    def __call__(self, X: Array) -> Array: ...


class Loss(Protocol):
    """A loss a prediction: ``loss(y_hat, y)``."""

    def __call__(self, y_hat: Array, y: Array) -> Array: ...


class Vocabulary(Protocol):
    """What generation asks of a vocabulary, ours or a reader's."""

    @property
    def idx_to_token(self) -> Sequence[str]: ...

    def __getitem__(self, tokens: str) -> int: ...

    def __len__(self) -> int: ...


class BookVocabulary(Protocol):
    """What the book's functions ask of a vocabulary, ours or a reader's."""

    @overload
    def __getitem__(self, tokens: str) -> int: ...
    @overload
    def __getitem__(self, tokens: List[str]) -> List[int]: ...
    def to_tokens(self, indices: List[int]) -> List[str]: ...


#: Ids of a text: what a corpus is.
Ids = Union[Sequence[int], Integers, Floats]
Minibatch = Sequence[Array]
Minibatches = Iterable[Minibatch]
