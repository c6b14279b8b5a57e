"""Makes ids sort by the time at which they were made, so that ties are broken alike on both servers."""
import itertools
import time
import uuid

_numbers = itertools.count(time.time_ns())


def _ordered():
    return uuid.UUID(int=next(_numbers) << 64)


uuid.uuid4 = _ordered
