"""Evidence: a run that is signed, and the check that names what was changed afterwards.

An attestation is an in-toto Statement v1 with the predicate test-result v0.1 in a DSSE envelope. Its subjects are the
files of the run folder and the images that were drilled, by digest.
"""

from harness.evidence.check import Checked, check_signed, check_unsigned
from harness.evidence.envelope import ATTESTATION_FILE
from harness.evidence.keys import new_key, private_key, public_key
from harness.evidence.sign import sign_run

__all__ = [
    "ATTESTATION_FILE",
    "Checked",
    "check_signed",
    "check_unsigned",
    "new_key",
    "private_key",
    "public_key",
    "sign_run",
]
