"""Works that several threads do at once."""

import concurrent.futures
import time

from peer import Work, repeat


def together(f, callers=0, close=None):
    """Makes a Work of a function that does it once and returns arrays by name. Each of
    so many threads does it, and a repetition is one of each; how long a caller waits is
    measured then. None is the caller itself."""
    if not callers:
        return repeat(f, close)
    last = None
    pool = concurrent.futures.ThreadPoolExecutor(callers)
    took = []

    def steps(n):
        times = []
        for _ in range(n):
            start = time.perf_counter_ns()
            out = f()
            times.append(time.perf_counter_ns() - start)
        return out, times

    def run(n):
        nonlocal last
        took.clear()
        for future in [pool.submit(steps, n) for _ in range(callers)]:
            last, times = future.result()
            took.extend(times)

    def end():
        pool.shutdown()
        if close:
            close()

    return Work(run, lambda: last, lambda: percentiles(took), end)


def percentiles(took):
    import numpy as np

    p50, p99 = np.percentile(took, [50, 99])
    return {"p50 ns": float(p50), "p99 ns": float(p99)}
