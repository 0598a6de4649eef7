"""Checks of the notebooks' exercises: right, or not yet and a hint.

``check_SECTION_LETTER(answer) -> Verdict``: what is asked for stands in the check's
docstring and in the notebook. An answer is held against another computation of the same
and its hint names a property that it lacks, in English and in Chinese; no check shows
the right answer, and none raises. Answers may be made of NumPy's or of MXNet's arrays.
"""

from .both_sides_of_a_token import (
    check_9_4_a,
    check_9_4_b,
    check_9_4_c,
    check_cloze_a,
    check_cloze_b,
    check_cloze_c,
    check_hmm_a,
    check_hmm_b,
    check_hmm_c,
)
from .gates import (
    check_9_1_a,
    check_9_1_b,
    check_9_1_c,
    check_9_2_a,
    check_9_2_b,
    check_9_2_c,
    check_9_3_a,
    check_9_3_b,
    check_9_3_c,
)
from .judging import Verdict
from .recurrent import (
    check_8_5_a,
    check_8_5_b,
    check_8_5_c,
    check_8_6_a,
    check_8_6_b,
    check_8_6_c,
)
from .searching import (
    check_9_8_a,
    check_9_8_b,
    check_9_8_c,
    check_peephole_a,
    check_peephole_b,
    check_peephole_c,
    check_scheduled_sampling_a,
    check_scheduled_sampling_b,
    check_scheduled_sampling_c,
)
from .through_time import (
    check_8_7_a,
    check_8_7_b,
    check_8_7_c,
    check_bptt_a,
    check_bptt_b,
    check_bptt_c,
)
from .translating import (
    check_9_7_a,
    check_9_7_b,
    check_9_7_c,
    check_10_4_a,
    check_10_4_b,
    check_10_4_c,
)

__all__ = [
    "Verdict",
    "check_10_4_a",
    "check_10_4_b",
    "check_10_4_c",
    "check_8_5_a",
    "check_8_5_b",
    "check_8_5_c",
    "check_8_6_a",
    "check_8_6_b",
    "check_8_6_c",
    "check_8_7_a",
    "check_8_7_b",
    "check_8_7_c",
    "check_9_1_a",
    "check_9_1_b",
    "check_9_1_c",
    "check_9_2_a",
    "check_9_2_b",
    "check_9_2_c",
    "check_9_3_a",
    "check_9_3_b",
    "check_9_3_c",
    "check_9_4_a",
    "check_9_4_b",
    "check_9_4_c",
    "check_9_7_a",
    "check_9_7_b",
    "check_9_7_c",
    "check_9_8_a",
    "check_9_8_b",
    "check_9_8_c",
    "check_bptt_a",
    "check_bptt_b",
    "check_bptt_c",
    "check_cloze_a",
    "check_cloze_b",
    "check_cloze_c",
    "check_hmm_a",
    "check_hmm_b",
    "check_hmm_c",
    "check_peephole_a",
    "check_peephole_b",
    "check_peephole_c",
    "check_scheduled_sampling_a",
    "check_scheduled_sampling_b",
    "check_scheduled_sampling_c",
]
