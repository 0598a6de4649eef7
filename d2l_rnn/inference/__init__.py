"""Probabilities -> sequences and posteriors (NumPy only; weights are arguments).

hmm             hidden Markov models: forward (pi), backward (rho), P(x_j | x_-j)
hmm_paths       their most probable hidden sequence (Viterbi), and sampling
hmm_learning    Baum-Welch with restarts
hmm_recursion   the scaled recursion that pi and rho share
cells           one step of a trained RNN, GRU or LSTM
network         layers of them as a language model: ``step`` and ``select``
decoding        greedy, sampling, beam and exhaustive search over any ``step``
ngrams          unigram to n-gram counts, smoothed perplexity
handwritten     an RNN's forward and backward pass by hand, term by term
handwritten_gated   a GRU's and an LSTM's
handwritten_layers, handwritten_cells   the same passes, fast
handwritten_language_model  a language model of them: loss, gradients, descent
"""
