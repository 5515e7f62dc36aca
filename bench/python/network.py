"""Small graphs that a scenario describes: ops on inputs, constants and other ops."""

from peer import Missing, load, tensorflow, work
from step import runner
from threads import together


def functions():
    tf = tensorflow()
    return {
        "AddV2": tf.add,
        "Identity": tf.identity,
        "MatMul": tf.matmul,
        "Relu": tf.nn.relu,
        "Shape": tf.shape,
        "Softmax": tf.nn.softmax,
    }


def build_with(ops):
    """A function of inputs and constants that makes the result."""
    known = functions()

    def build(*inputs):
        values = list(inputs)
        for op in ops:
            values.append(known[op["op"]](*[values[i] for i in op["in"]]))
        return values[-1]

    return build


@work("network")
def network(feeds, consts, ops, how="session", inline=False, single_file=False, callers=0):
    """The last op's result as an array.

    how is "session" (Session.run, whose feeds are arrays), "eager" (one op after the
    other, on tensors) or "function" (a tf.function, on tensors). inline and single_file
    are a session's: it runs on the calling thread; its ops run one after the other.
    """
    feeds, consts = [load(path) for path in feeds], [load(path) for path in consts]
    build = build_with(ops)
    if how == "session":
        return by_session(build, feeds, consts, inline, single_file, callers)
    tf = tensorflow()
    inputs, constants = [tf.constant(a) for a in feeds], [tf.constant(a) for a in consts]
    if how == "function":
        f = tf.function(lambda *inputs: build(*inputs, *constants))
        return together(lambda: {"result": f(*inputs).numpy()}, callers)
    if how == "eager":
        inputs += constants
        return together(lambda: {"result": build(*inputs).numpy()}, callers)
    raise Missing("Python's peer runs no networks by " + how)


def by_session(build, feeds, consts, inline, single_file, callers):
    run, inputs, result, close = session(build, feeds, consts, inline, single_file)
    arrays = dict(zip(inputs, feeds))
    return together(lambda: {"result": run(result, arrays)}, callers, close)


def session(build, feeds, consts, inline=False, single_file=False):
    """Makes a session, and returns what runs it, its inputs and result, and what closes it."""
    v1 = tensorflow().compat.v1
    config = v1.ConfigProto()
    if single_file:
        config.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
    s = v1.Session(graph=v1.Graph(), config=config)
    with s.graph.as_default():
        inputs = [v1.placeholder(dtype_of(a), [None] * a.ndim) for a in feeds]
        result = build(*inputs, *[v1.constant(a) for a in consts])
    return runner(s, inline), inputs, result, s.close


def dtype_of(a):
    return tensorflow().as_dtype(a.dtype) if not a.dtype.hasobject else tensorflow().string
