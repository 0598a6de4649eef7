"""One ONNX graph as it is built: nodes, inputs, outputs and constants."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Union

import numpy as np
from onnx import (
    NodeProto,
    TensorProto,
    ValueInfoProto,
    checker,
    helper,
    numpy_helper,
)

from ..errors import UsageError

#: Set explicitly: the defaults of the newest onnx are beyond what the onnxruntime of
#: the oldest Pythons reads.
OPSET, IR_VERSION = 17, 8

_LARGEST_FILE = 2**31 - 1  # bytes, of protobuf
_TYPES = {"int64": TensorProto.INT64, "float32": TensorProto.FLOAT}

#: Sizes; a name stands for one that is only known when the graph is run.
Shape = Sequence[Union[int, str]]


class Graph:
    """A graph that grows node by node.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: List[NodeProto] = []
        self._constants: List[TensorProto] = []
        self._inputs: List[ValueInfoProto] = []
        self._outputs: List[ValueInfoProto] = []
        self.described: List[str] = []

    def input(self, name: str, dtype: str, shape: Shape) -> str:
        """An input of the graph."""
        info = helper.make_tensor_value_info(name, _TYPES[dtype], list(shape))
        self._inputs.append(info)
        self._describe("input", name, dtype, shape)
        return name

    def output(self, value: str, name: str, shape: Shape) -> None:
        """An output of the graph, float32: a value under a name of its own."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
        self._outputs.append(info)
        self._describe("output", name, "float32", shape)

    def _describe(self, kind: str, name: str, dtype: str, shape: Shape) -> None:
        sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        self.described.append(f"  {kind:6}  {name}  {dtype} ({sizes})")

    def constant(self, array: object, dtype: str = "float32") -> str:
        """An array of the graph's own."""
        name = f"constant_{len(self._constants)}"
        content = np.array(array, dtype=dtype, order="C")
        self._constants.append(numpy_helper.from_array(content, name))
        return name

    def integers(self, *values: int) -> str:
        """A row of int64: axes, sizes, places."""
        return self.constant(list(values), "int64")

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return that."""
        return self.several(1, operator, *inputs, **attributes)[0]

    def several(
        self, num_outputs: int, operator: str, *inputs: str, **attributes: Any
    ) -> List[str]:
        """Add a node with several outputs; return them."""
        start = f"{operator.lower()}_{len(self._nodes)}"
        outputs = [f"{start}_{k}" for k in range(num_outputs)]
        node = helper.make_node(operator, list(inputs), outputs, **attributes)
        self._nodes.append(node)
        return outputs

    def model(self, metadata: Mapping[str, str]) -> bytes:
        """The graph as a file's content, checked.

        Raises
        ------
        UsageError
            If it is larger than such a file can be.
        """
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, self._constants
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="d2l_rnn",
        )
        helper.set_model_props(model, dict(metadata))
        if model.ByteSize() > _LARGEST_FILE:
            raise UsageError(
                f"--to onnx: {model.ByteSize():,} bytes, and an ONNX file holds "
                f"{_LARGEST_FILE:,}; accepted are pytorch and numpy"
            )
        checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content
