"""A trained network -> files that other programs read (weights are arguments).

nets          what can be taken along: plain arrays, and how they are put together
reading       layers out of a checkpoint's arrays, of the shapes that they have to have
to_onnx       ONNX graphs, one recurrent node a layer
onnx_graph    nodes, inputs and constants of one such graph
onnx_layers   recurrent layers, products and attention as nodes
to_pytorch    a state_dict as safetensors, and the module that loads it
to_gluon      symbol and parameters for SymbolBlock.imports
to_numpy      the arrays by name, .npz or .safetensors
writing       all of the files of an export, or none
"""
