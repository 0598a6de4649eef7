"""Characters become ids, ids become minibatches.

``text`` cleans and counts, ``corpora`` finds and checks files, ``sequences`` cuts
corpora into minibatches, ``translation`` pads sentence pairs.
"""
