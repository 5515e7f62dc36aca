"""Steps of SavedModels."""

from peer import Missing, load, tensorflow, work
from threads import together


@work("step")
def step(model, feeds, how="session", signature="serving_default", inline=False, callers=0):
    """One step of a signature: arrays in, arrays out.

    how is "session" (Session.run, of TensorFlow 1) or "signature" (a call of the
    loaded function, of TensorFlow 2). inline is a session's: on the calling thread.
    """
    arrays = {name: load(path) for name, path in feeds.items()}
    if how == "session":
        return by_session(model, arrays, signature, inline, callers)
    if how == "signature":
        return by_signature(model, arrays, signature, callers)
    raise Missing("Python's peer runs no steps by " + how)


def by_session(model, arrays, signature, inline, callers):
    run, feeds, fetches, close = session(model, arrays, signature, inline)
    return together(lambda: run(fetches, feeds), callers, close)


def session(model, arrays, signature="serving_default", inline=False):
    """Loads a model, and returns what runs its session, what that is fed and asked for,
    and what closes it."""
    v1 = tensorflow().compat.v1
    s = v1.Session(graph=v1.Graph())
    with s.graph.as_default():
        meta = v1.saved_model.load(s, ["serve"], model).signature_def[signature]
    feeds = {meta.inputs[name].name: a for name, a in arrays.items()}
    fetches = {name: o.name for name, o in meta.outputs.items()}
    return runner(s, inline), feeds, fetches, s.close


def runner(s, inline):
    """What runs a session, on the calling thread or on TensorFlow's own."""
    if not inline:
        return s.run
    options = tensorflow().compat.v1.RunOptions(inter_op_thread_pool=-1)
    return lambda fetches, feeds: s.run(fetches, feeds, options)


def by_signature(model, arrays, signature, callers):
    tf = tensorflow()
    try:
        loaded = tf.saved_model.load(model)
    except Exception as e:  # it loads what Keras 2 saved only with Keras 2 beside it
        raise Missing("tf.saved_model.load of this TensorFlow cannot load the model: %s" % e)
    f = loaded.signatures[signature]
    call = lambda: {name: t.numpy() for name, t in f(**{n: tf.constant(a) for n, a in arrays.items()}).items()}
    w = together(call, callers)
    w.loaded = loaded  # which f does not keep alive
    return w
