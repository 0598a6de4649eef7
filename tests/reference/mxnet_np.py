"""mxnet.np as it was: what the book's operators answer under the NumPy of their time.

``mxnet_np.json`` holds the answers of mxnet 1.9.1 under NumPy 1.23.5 (Python 3.11).
They are recorded anew, which only that NumPy should do, with

    python -m tests.reference.mxnet_np
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Union

import numpy

RECORDED = Path(__file__).with_suffix(".json")
Answer = Union[Dict[str, Any], List[Any], str, float, int, bool, None]

# Run before each expression, so that none sees what another has changed.
SETTING = """
onp = numpy
a = np.array([[1, 2, 3], [4, 5, 6]])
s = np.array([[4, 1], [1, 3]])
i = np.array([2, 0, 1], dtype="int32")
mx.random.seed(7)
numpy.random.seed(7)
three, four, half = onp.int64(3), onp.int32(4), onp.float32(0.5)
"""

# One to a line; by subject.
EXPRESSIONS = r"""
np.array([1, 2])
np.array(3)
np.array(True)
np.array([1, 2], dtype="int32")
np.array([1, 0], dtype=bool)
np.array([1, 0], dtype=np.bool)
np.array(onp.arange(4))
np.array(onp.float64(3))
np.array([onp.float32(1), 2])
np.array([a[0], a[1]])
np.array([[1, 2], [3]])
np.zeros(three)
np.zeros((three, 2), dtype="int8")
np.ones((2, three))
np.full((three, 2), half)
np.full((2,), 7, dtype=onp.int64)
np.empty((three, 0))
np.eye(three)
np.identity(3)
np.arange(5)
np.arange(1, 7, 2)
np.arange(three)
np.linspace(0, 1, 5)
np.linspace(0, 1, int(four))
np.logspace(0, 2, 3)
np.zeros_like(a)
np.ones_like(a)
np.full_like(a, 2)
np.tril(np.ones((3, 3)))
np.meshgrid(a[0], a[1])
np.genfromtxt(["1,2", "3,4"], delimiter=",")
a + 1
1 - a
a * half
half * a
onp.float64(2) * a
a * onp.float64(2)
a / three
a // 2
a % onp.float32(2)
2 ** a
a ** half
half + a
onp.float32(2) / a
-a
abs(-a)
a @ a.T
a + a[0]
a[:, :1] * a
i + 1
i + 1.5
i / 2
i * three
i.astype("float64") + 1
i == 1
a > three
a >= half
(a > 2) * 1
~(a > 2)
a.astype("float16") + 1
np.add(a, half)
np.maximum(a, onp.float64(3))
np.minimum(a, 3)
np.power(a, 2)
np.dot(a, a.T)
np.tensordot(a, a, axes=((1,), (1,)))
np.einsum("ij,kj->ik", a, a)
np.outer(a[0], a[1])
np.exp(a)
np.log(a)
np.sqrt(a)
np.tanh(a)
np.sin(a)
np.cosh(a)
np.abs(-a)
np.sign(a - 3)
np.clip(a, 2, three)
np.round(a / 3, 2)
np.around(a / 3, 1)
np.floor(a / 2)
np.isnan(a)
np.nan_to_num(np.array([onp.nan, onp.inf]))
np.where(a > 2, a, 0)
np.where(a > 2, a, half)
onp.exp(a)
onp.add(a, a)
onp.dot(a, a.T)
onp.mean(a)
onp.concatenate([a, a])
onp.stack([a, a])
onp.where(a > 2, a, a)
onp.prod(a)
onp.any(a > 5)
onp.all(a > 5)
onp.round(a / 3)
onp.sort(-a)
onp.isclose(a, a)
a[1]
a[three - 2]
a[-1, 1]
a[:, 1]
a[0:four]
a[:, ::2]
a[..., 0]
a[None, :, 0]
a[[1, 0]]
a[[0, 1], [2, 0]]
a[onp.array([1, 0])]
a[:, i]
a[a > 2]
a[onp.array([True, False])]
a[[True, False]]
a[(a > 2) * (a < 5)]
a[5]
a.take(i, axis=1)
np.take(a, i, axis=1)
npx.pick(a, np.array([0, 2]))
npx.gather_nd(a, np.array([[0, 1], [2, 0]], dtype="int32"))
a.sum()
a.sum(axis=onp.int64(0))
a.sum(axis=1, keepdims=True)
a.mean(axis=0)
a.std()
a.var(axis=1)
a.max()
a.min(axis=1)
a.argmax(axis=1)
a.argmin()
a.prod()
a.cumsum(axis=1)
np.cumsum(a)
np.mean(i)
np.sum(i)
np.sum(a > 2)
np.argsort(-a)
np.sort(-a)
np.unique(np.array([3, 1, 3]))
np.nonzero(a > 4)
np.percentile(a, 50)
np.quantile(a, 0.25)
np.average(a, axis=0)
np.bincount(i)
np.histogram(a, bins=3, range=(0, 6))
np.diff(a)
np.nanmax(a)
np.count_nonzero(a > 2)
np.allclose(a, a)
np.array_equal(a, a)
np.alltrue(a > 0)
np.sometrue(a > 5)
np.product(a)
np.round_(a / 3)
np.isin(a, onp.array([1, 6]))
np.in1d(a, onp.array([1, 6]))
np.msort(np.array([[3, 1], [2, 5]]))
np.trapz(a)
np.ptp(a)
np.searchsorted(np.arange(5), np.array([2.5]))
np.result_type("int8", "float32")
np.promote_types("int8", "float32")
np.pv(0.05, 10, 100)
np.mirr([1, 2], 0.1, 0.1)
np.linalg.norm(a)
np.linalg.norm(a, axis=1)
np.linalg.inv(s)
np.linalg.det(s)
np.linalg.slogdet(s)
np.linalg.svd(s)
np.linalg.cholesky(s)
np.linalg.solve(s, np.array([1, 2]))
np.linalg.eigh(s)
np.linalg.eigvalsh(s)
np.linalg.pinv(s)
np.linalg.qr(s)
np.linalg.matrix_rank(s)
np.linalg.matrix_power(s, 2)
np.linalg.cond(s)
np.linalg.multi_dot([s, s, s])
np.linalg.lstsq(s, np.array([1, 2]), rcond=None)
np.polyfit(np.arange(4), np.arange(4) * 2 + 1, 1)
np.polyval(np.array([1, 2]), np.array([3]))
a.reshape(three, 2)
a.reshape((three, -1))
a.reshape(-1)
np.reshape(a, (three, onp.int32(2)))
npx.reshape(a, (three, 2))
a.T
a.transpose(1, 0)
np.transpose(np.zeros((2, 3, 4)), (onp.int64(2), 0, 1)).shape
np.swapaxes(a, 0, 1)
np.moveaxis(np.zeros((2, 3, 4)), 0, onp.int64(2)).shape
np.expand_dims(a, onp.int64(0))
np.squeeze(a[None], axis=onp.int64(0))
np.concatenate([a, a], axis=onp.int64(1))
np.stack([a, a], axis=1)
np.vstack([a, a])
np.hstack([a, a])
np.split(a, 3, axis=1)
np.split(np.arange(6), [onp.int64(2), onp.int64(5)])
np.array_split(np.arange(5), 2)
np.tile(a, (onp.int64(2), 1))
np.repeat(a, three, axis=0)
np.broadcast_to(a[0], (three, three))
np.flip(a, onp.int64(0))
np.roll(a, onp.int64(1), axis=1)
np.pad(a, ((1, 1), (onp.int64(0), 2)))
np.pad(a, ((1, 1), (0, 2)), mode="edge")
np.delete(a, 1, axis=1)
np.diag(a[0])
np.rot90(a)
npx.softmax(a)
npx.softmax(a, axis=onp.int64(0))
npx.log_softmax(a)
npx.relu(a - 3)
npx.sigmoid(a)
npx.one_hot(i, three)
npx.one_hot(i, len(a))
npx.topk(a, k=onp.int64(2), axis=1)
npx.batch_dot(a[None], a[None], transpose_b=True)
npx.sequence_mask(a.T, np.array([1, 2]), True, value=half)
npx.embedding(i, np.eye(3), onp.int64(3), onp.int64(3))
npx.arange_like(a, axis=1)
np.random.uniform(0, half, (three, 2))
np.random.normal(onp.float64(0), half, (2, three))
np.random.randn(2, 2)
np.random.rand(2)
np.random.randint(0, 5, (three,))
np.random.randint(0, three, 4)
np.random.choice(5, size=(three,))
np.random.choice(5, (3,), p=np.array([0.1, 0.2, 0.3, 0.2, 0.2]))
np.random.multinomial(5, [0.5, 0.5])
np.random.multinomial(5, onp.array([0.5, 0.5]), size=onp.int64(2))
np.random.exponential(1.0, (2,))
np.random.gamma(half, 1.0, (2,))
np.random.beta(0.5, 0.5, (2,))
shuffled(np.arange(6))
npx.random.bernoulli(0.5, size=(4,))
mx.nd.random.uniform(shape=(three, 2)).asnumpy().tolist()
mx.nd.array([1, 2]).asscalar
mx.nd.array([2]).asscalar()
mx.nd.array(onp.arange(3)).asnumpy().tolist()
mx.nd.zeros((three, 2)).shape
mx.nd.arange(6).reshape((three, 2)).asnumpy().tolist()
mx.nd.concat(mx.nd.ones((1, 2)), mx.nd.ones((three, 2)), dim=onp.int64(0)).shape
repr(a)
str(a)
repr(a[0, 0])
str(a[0, 0])
f"{a[0, 0]:.2f}"
f"{a}"
repr(i)
repr(a > 2)
repr(a.astype("float64"))
repr(a.astype("float16"))
repr(np.arange(2000))
repr(mx.nd.array([1, 2]))
repr((a.shape, a.size, a.ndim))
a.asnumpy()
a.asnumpy().flags.writeable
a.item(4)
a.sum().item()
a.tolist()
float(a[0, 0])
int(a[1, 2])
bool(a[0, 0] > 2)
len(a)
[row.tolist() for row in a]
list(zip(a[0], a[1]))[0][0].item()
sorted(a[1])[0].item()
max(a[0]).item()
sum(a[0]).item()
a.dtype == onp.float32
a.dtype == "float32"
str(a.dtype)
a.shape
np.shape(a), np.ndim(a), np.size(a)
a.copy()
changed(a, (0,), 9)
changed(a, (slice(None), 1), half)
changed(a, (slice(None), 1), onp.array([8, 9]))
changed(a, a > 2, 0)
changed(a, (three - 2, four - 4), onp.float64(7))
changed(a, onp.array([1, 0]), np.zeros((2, 3)))
changed(a, slice(None), onp.ones((2, 3)))
view_changes(a)
copies(a)
onp.array(a.asnumpy(), copy=True)
onp.asarray(a).dtype == object
onp.asarray(a, dtype="float64")
onp.array(a, dtype="float32")
onp.float32(a[0, 0].item())
gradient(lambda x: (x ** 2).sum())
gradient(lambda x: (x * half).sum())
gradient(lambda x: np.where(x > 2, x, 0).sum())
gradient(lambda x: x.reshape((three, 2))[0].sum())
gradient(lambda x: onp.exp(x).sum())
layer(gluon.nn.Dense(three, in_units=onp.int64(3)), a)
layer(gluon.nn.Dense(three), a)
layer(gluon.nn.Embedding(onp.int64(3), onp.int64(2)), i)
layer(gluon.nn.LayerNorm(in_channels=onp.int64(3)), a)
layer(gluon.nn.BatchNorm(in_channels=onp.int64(3)), a)
layer(gluon.nn.Dropout(half), a)
layer(gluon.nn.Conv1D(onp.int64(2), onp.int64(2)), a[None])
layer(gluon.nn.Conv2D(2, (onp.int64(2), 2), strides=onp.int64(1)), a[None, None])
layer(gluon.nn.MaxPool2D((onp.int64(2), 2)), a[None, None])
layer(gluon.rnn.LSTM(onp.int64(2)), a[:, None])
layer(gluon.rnn.GRU(2, onp.int64(2), bidirectional=True), a[:, None])
gluon.loss.SoftmaxCrossEntropyLoss()(a, np.array([0, 2]))
gluon.loss.L2Loss()(a, a * half)
gluon.utils.split_and_load(a, [mx.cpu()])
loaded([("ab", a), ("i", i)])
batches(gluon.data.ArrayDataset(a, np.array([0, 1])), 1)
batches(gluon.data.ArrayDataset(onp.arange(6), onp.arange(6.0)), 4)
batches(gluon.data.ArrayDataset([1, 2, 3], [onp.float32(1), 2, 3]), 2)
batches(gluon.data.SimpleDataset([(onp.int64(k), k / 2) for k in range(3)]), 3)
metric(mx.metric.Loss(), [0, 1 / 3], 10)
metric(mx.metric.MAE(), [1, 2], 10)
metric(mx.metric.Perplexity(None), [1, 1], 10)
metric(mx.metric.Accuracy(), [1, 0], 3)
mx.recordio.unpack(mx.recordio.pack((0, [half, 2], 5, 0), b"x"))[0][1:3]
mx.recordio.unpack(mx.recordio.pack((0, 3, 5, 0), b"x"))[0][1:3]
mx.lr_scheduler.FactorScheduler(onp.int64(2), 0.5, base_lr=1)(5)
mx.init.Xavier().dumps()
initialised(mx.init.Xavier(), (three, 4))
initialised(mx.init.Normal(half), (2, 2))
initialised(mx.init.Constant(half), (2, 2))
initialised(mx.init.Orthogonal(), (2, 2))
"""


def evaluate(expression: str) -> Answer:
    """What an expression answers, as JSON can hold it: {"error": ...} for a refusal."""
    import mxnet as mx
    from mxnet import autograd, gluon, np, npx

    def changed(array: Any, key: Any, value: Any) -> Any:
        array[key] = value
        return array

    def view_changes(array: Any) -> Any:
        array[1][:] = 0
        return array

    def copies(array: Any) -> Any:
        array.asnumpy()[:] = 0
        other = array.copy()
        other[:] = 1
        return array

    def shuffled(array: Any) -> Any:
        np.random.shuffle(array)
        return array

    def gradient(function: Any) -> Any:
        x = np.array([[1, 2, 3], [4, 5, 6]])
        x.attach_grad()
        with autograd.record():
            y = function(x)
        y.backward()
        return x.grad

    def layer(net: Any, *inputs: Any) -> Any:
        net.initialize(mx.init.Uniform(0.5))
        net(*inputs)
        net.hybridize()
        return net(*inputs)

    def loaded(arrays: Any) -> Any:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            npx.save(f"{folder}/arrays", dict(arrays))
            return sorted(npx.load(f"{folder}/arrays").items())

    def batches(dataset: Any, size: int) -> Any:
        return list(gluon.data.DataLoader(dataset, size, shuffle=True))

    def metric(measure: Any, values: Any, times: int) -> Any:
        predictions = np.array([[0.3, 0.7], [0.6, 0.4]]).as_nd_ndarray()
        labels = np.array(values).as_nd_ndarray()
        if isinstance(measure, mx.metric.MAE):
            predictions = predictions[:, 0]
        for _ in range(times):
            measure.update([labels], [predictions])
        return measure.get()[1]

    def initialised(initializer: Any, shape: Any) -> Any:
        parameter = gluon.Parameter("weight", shape=shape, init=initializer)
        parameter.initialize()
        return parameter.data()

    names = dict(locals(), numpy=numpy)
    exec(SETTING, names)
    try:
        return plain(eval(expression, names))
    except Exception as error:
        return {"error": type(error).__name__}


def plain(value: Any) -> Answer:
    """A value with its kind and element type, out of JSON's own types."""
    if hasattr(value, "asnumpy"):
        array = value.asnumpy()
        kind = type(value).__module__.split(".")[1]
        return {kind: str(array.dtype), "values": array.tolist()}
    if isinstance(value, numpy.ndarray):
        return {"numpy": str(value.dtype), "values": value.tolist()}
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    if isinstance(value, numpy.generic):
        return {"scalar": str(value.dtype), "values": value.item()}
    if isinstance(value, numpy.dtype):
        return str(value)
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    return type(value).__name__


def expressions() -> List[str]:
    """The lines above."""
    return EXPRESSIONS.strip().splitlines()


if __name__ == "__main__":
    from d2l_rnn.compatibility import prepare_mxnet

    prepare_mxnet()
    assert numpy.__version__.startswith("1.23."), numpy.__version__
    rows = [json.dumps([line, evaluate(line)]) for line in expressions()]
    RECORDED.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
