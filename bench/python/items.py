"""Items that a producer brings one by one."""

import concurrent.futures
import os
import shutil
import tempfile
import threading
import time

import numpy as np
from peer import Work, load, work
from step import session
from threads import percentiles


@work("items")
def items(model, inputs, items, pace_ns=0, threads=0):
    """Runs a model on items, and saves each result: in line, or in so many threads.

    Item i is input i % 4; a repetition is so many items, one every pace_ns."""
    arrays = [load(path) for path in inputs]
    run, (name,), fetches, close = session(model, {"x": arrays[0]})
    folder = tempfile.mkdtemp(dir=os.path.dirname(inputs[0]))
    waits = []

    def path(item):
        return os.path.join(folder, "%d.npy" % (item % (16 * len(arrays))))

    def do(item):
        np.save(path(item), run(fetches, {name: arrays[item % len(arrays)]})["probs"])

    take, drain, end = (do, lambda: None, lambda: None) if not threads else behind(do, threads)

    def repeat(n):
        waits.clear()
        next_ = time.perf_counter_ns()
        for item in range(n * items):
            if pace_ns:
                time.sleep(max(0, next_ - time.perf_counter_ns()) / 1e9)
                next_ += pace_ns
            start = time.perf_counter_ns()
            take(item)
            waits.append(time.perf_counter_ns() - start)
        drain()

    def results():
        return {"item %d" % i: np.load(path(i)) for i in range(len(arrays))}

    def over():
        end()
        close()
        shutil.rmtree(folder)

    return Work(repeat, results, lambda: percentiles(waits), over)


def behind(do, threads):
    """What gives an item to a thread, what waits for all, and what ends the threads. As many
    items wait as in ndflow's Pipeline."""
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    room = threading.Semaphore(3 * threads)
    waiting = []

    def take(item):
        room.acquire()
        future = pool.submit(do, item)
        future.add_done_callback(lambda _: room.release())
        waiting.append(future)

    def drain():
        for future in waiting:
            future.result()
        waiting.clear()

    return take, drain, pool.shutdown
