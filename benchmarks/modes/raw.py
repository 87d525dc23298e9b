"""Nothing but reading: `getmany` in a loop, over the topics again and again. What no consumer can exceed.

Writes one line of JSON at its end: records, seconds and CPU seconds of what was measured.
"""

import json
import os
import time

import uvloop

from benchmarks.modes import environment


async def main() -> None:
    """Read for `BENCH_WARM_UP_S`, then measure for `BENCH_SECONDS`."""
    warm_up_s, seconds = float(os.environ["BENCH_WARM_UP_S"]), float(os.environ["BENCH_SECONDS"])
    consumer = environment.consumer()
    await consumer.start()
    consumer.subscribe([os.environ["BENCH_TOPIC"]])
    while not await consumer.getmany(timeout_ms=100):
        pass
    warm_s = time.perf_counter() + warm_up_s
    began_s = used_s = 0.0
    records = 0
    while not began_s or time.perf_counter() - began_s < seconds:
        polled = await consumer.getmany(timeout_ms=100)
        if began_s:
            records += sum(map(len, polled.values()))
        elif time.perf_counter() > warm_s:
            began_s, used_s = time.perf_counter(), time.process_time()
        if not polled:
            await consumer.seek_to_beginning()
    measured_s = time.perf_counter() - began_s
    print(json.dumps({"events": records, "seconds": measured_s, "cpu_s": time.process_time() - used_s}))
    await consumer.stop()


if __name__ == "__main__":
    uvloop.run(main())
