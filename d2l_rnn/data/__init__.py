"""Characters become ids, ids become minibatches.

``text`` cleans and counts, ``corpora`` finds and checks files, ``hub`` those that the
book downloads by name, ``sequences`` cuts corpora into minibatches, ``translation``
pads sentence pairs.
"""
