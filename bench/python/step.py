"""Steps of SavedModels."""

from peer import Missing, load, repeat, tensorflow, work


@work("step")
def step(model, feeds, how="session", signature="serving_default"):
    """One step of a signature: arrays in, arrays out.

    how is "session" (Session.run, of TensorFlow 1) or "signature" (a call of the
    loaded function, of TensorFlow 2).
    """
    arrays = {name: load(path) for name, path in feeds.items()}
    if how == "session":
        return by_session(model, arrays, signature)
    if how == "signature":
        return by_signature(model, arrays, signature)
    raise Missing("Python's peer runs no steps by " + how)


def by_session(model, arrays, signature):
    v1 = tensorflow().compat.v1
    session = v1.Session(graph=v1.Graph())
    with session.graph.as_default():
        s = v1.saved_model.load(session, ["serve"], model).signature_def[signature]
    feeds = {s.inputs[name].name: a for name, a in arrays.items()}
    fetches = {name: o.name for name, o in s.outputs.items()}
    w = repeat(lambda: session.run(fetches, feeds))
    w.close = session.close
    return w


def by_signature(model, arrays, signature):
    tf = tensorflow()
    try:
        loaded = tf.saved_model.load(model)
    except Exception as e:  # it loads what Keras 2 saved only with Keras 2 beside it
        raise Missing("tf.saved_model.load of this TensorFlow cannot load the model: %s" % e)
    f = loaded.signatures[signature]
    w = repeat(lambda: {name: t.numpy() for name, t in f(**{n: tf.constant(a) for n, a in arrays.items()}).items()})
    w.loaded = loaded  # which f does not keep alive
    return w
