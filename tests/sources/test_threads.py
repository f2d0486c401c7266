"""What several threads do at once."""

import subprocess
import sys

MANY_AT_ONCE = """
import sys, threading
from jhubdoctor.sources.decode import decode_page
from jhubdoctor.sources.reads import READS

sys.setswitchinterval(1e-6)
body = b'{"items": [{"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": [{"name": "b"}]}}}}]}'
kinds = [read.type for read in READS.values()]
together = threading.Barrier(8)


def decode(mine):
    together.wait()
    for kind in mine:
        decode_page(kind, body)


threads = [threading.Thread(target=decode, args=(kinds[number::8],)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_kinds_are_decoded_for_the_first_time_by_several_threads() -> None:
    runs = [subprocess.Popen([sys.executable, "-c", MANY_AT_ONCE]) for _ in range(6)]

    assert [run.wait() for run in runs] == [0] * 6
