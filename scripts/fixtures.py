#!/usr/bin/env python3
"""Writes the models that the tests run: testdata/models and the table in its README.md.

    $(scripts/python --tensorflow) scripts/fixtures.py [--check] [NAME...]

Each fixture is one function below, decorated with @fixture. It writes a model and returns
its cases: what to feed to which signature. Beside the model, expected/ gets each case's
inputs and the outputs that Python TensorFlow computes from them: in_NAME.npy and
out_NAME.npy, in expected/ itself for the signature serving_default and in expected/CASE/
for others. An array of a dtype that NumPy does not have is stored as its bits, in unsigned
integers, and called in_NAME_bits.npy. What TensorFlow 2 saved is run in both of its ways,
as functions and in a session, which must agree to the bit; but Keras 3 writes models that
sessions refuse.

Two runs write the same bytes. --check writes to a temporary folder and says which files
differ from those that are there, without changing them.
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets of names gets into graphs
    os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "PYTHONHASHSEED": "0"})
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
v1.logging.set_verbosity(v1.logging.ERROR)

ROOT = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "models"
DEFAULT = "serving_default"
FIXTURES = {}


def fixture(function):
    """Registers function under its name, without the underscore that keywords need."""
    FIXTURES[function.__name__.rstrip("_")] = function
    return function


class Case:
    """One step: feeds by input name for a signature of the model with these tags. With
    session=False a session must refuse it, and functions alone say what is expected."""

    def __init__(self, feeds, signature=DEFAULT, tags=("serve",), name=None, session=True):
        self.feeds, self.signature, self.tags, self.session = feeds, signature, list(tags), session
        self.name = name or ("" if signature == DEFAULT else signature)


# The fixtures. Inputs are called x, y, ... and outputs after what they are.


@fixture
def add(path):
    """One op between placeholders, as TensorFlow 1 saved it: the shortest step there is."""

    def build():
        x, y = v1.placeholder(tf.float32, [None], "x"), v1.placeholder(tf.float32, [None], "y")
        return {"x": x, "y": y}, {"sum": tf.add(x, y, name="sum")}

    save_v1(path, {DEFAULT: build})
    return [Case({"x": f32(1, 2, 3.5), "y": f32(10, -20, 0.25)})]


@fixture
def add4(path):
    """Rows of four, any number of them, as TensorFlow 2 saves it."""
    save(path, tf.Module(), {DEFAULT: function(lambda x, y: {"sum": x + y}, x=[None, 4], y=[None, 4])})
    return [Case({"x": ramp(5, 4), "y": -10 * ramp(5, 4)})]


@fixture
def multi(path):
    """Two inputs and three outputs, of several dtypes and ranks."""

    def step(x, y):
        return {
            "product": x * tf.cast(y, tf.float32)[:, None],
            "positive": y > 0,
            "label": tf.strings.as_string(y),
        }

    save(path, tf.Module(), {DEFAULT: function(step, x=[None, 3], y=([None], tf.int64))})
    return [Case({"x": ramp(4, 3), "y": np.array([0, -1, 7, 1 << 40])})]


@fixture
def strings(path):
    """Words to numbers and back through a table whose words are in an asset file."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the tables' names have the file's name in them, folders and all
        vocabulary = "vocabulary.txt"
        pathlib.Path(vocabulary).write_text("zero\none\ntwo words\nπ\n", encoding="utf-8")
        line = tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        text = tf.string, tf.lookup.TextFileIndex.WHOLE_LINE
        m = tf.Module()
        m.ids = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(vocabulary, *text, *line), -1)
        m.words = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(vocabulary, *line, *text), "unknown")
        save(path, m, {
            DEFAULT: function(lambda word: {"id": m.ids.lookup(word)}, word=([None], tf.string)),
            "reverse": function(lambda id: {"word": m.words.lookup(id)}, id=([None], tf.int64)),
            "join": function(lambda x, y: {"joined": x + y, "length": tf.strings.length(x)},
                             x=([None, None], tf.string), y=([], tf.string)),
        })
    return [
        Case({"word": np.array(["one", "π".encode(), "", "two words", "three"], "S")}),
        Case({"id": np.array([3, 0, 4, -1])}, "reverse"),
        Case({"x": np.array([[b"", b"a\0b"], [b"\xff\xfe", b"long " * 40]]), "y": np.array(b"+")}, "join"),
    ]


@fixture
def counter(path):
    """A variable that one signature changes and another reads."""
    m = tf.Module()
    m.count = tf.Variable(tf.constant(0, tf.int64), name="count")
    save(path, m, {
        "increment": function(lambda by: {"count": m.count.assign_add(by)}, by=([], tf.int64)),
        "read": function(lambda: {"count": m.count.read_value()}),
        "reset": function(lambda: {"count": m.count.assign(0)}),
    })
    return [Case({"by": np.array(5)}, "increment"), Case({}, "read"), Case({}, "reset")]


@fixture
def passthrough(path):
    """Outputs that are, or may be, the memory of what was fed."""

    def step(x):
        return {
            "identity": tf.identity(x),
            "reshaped": tf.reshape(x, [2, -1]),
            "expanded": x[None],
            "stopped": tf.stop_gradient(x),
            "sliced": x[1:],
        }

    save(path, tf.Module(), {DEFAULT: function(step, x=[None, 3])})
    return [Case({"x": ramp(4, 3)})]


@fixture
def passthrough_v1(path):
    """A signature whose output is the very tensor that is its input, beside a real one."""

    def build():
        x = v1.placeholder(tf.float32, [None], "x")
        return {"x": x}, {"same": x, "twice": tf.multiply(x, 2.0, name="twice")}

    save_v1(path, {DEFAULT: build})
    return [Case({"x": f32(1, 2, 3)})]


@fixture
def constant(path):
    """Outputs that are the model's own memory: a constant and a variable."""
    m = tf.Module()
    m.variable = tf.Variable(f32(0.5, 1.5, 2.5, 3.5), name="variable")
    save(path, m, {DEFAULT: function(
        lambda x: {"twice": 2 * x, "constant": tf.constant([1.0, 2.0, 3.0]), "variable": m.variable},
        x=[None])})
    return [Case({"x": f32(4, 5)})]


@fixture
def constant_v1(path):
    """Signature outputs that are a constant's and a variable's tensors, nothing between."""

    def build():
        x = v1.placeholder(tf.float32, [None], "x")
        variable = v1.get_variable("variable", initializer=f32(0.5, 1.5, 2.5, 3.5), use_resource=False)
        return {"x": x}, {"twice": tf.multiply(x, 2.0, name="twice"), "variable": variable,
                          "constant": tf.constant([1.0, 2.0, 3.0], name="constant")}

    save_v1(path, {DEFAULT: build})
    return [Case({"x": f32(4, 5)})]


@fixture
def signatures(path):
    """Several signatures that share input names but not dtypes or shapes."""
    pair = {"x": [None, 2], "y": [None, 2]}
    save(path, tf.Module(), {
        DEFAULT: function(lambda x, y: {"result": x + y}, **pair),
        "subtract": function(lambda x, y: {"result": x - y}, **pair),
        "scale": function(lambda x, by: {"result": x * by}, x=([None], tf.float64), by=([], tf.float64)),
        "length": function(lambda x: {"result": tf.strings.length(x)}, x=([None], tf.string)),
    })
    two = {"x": ramp(3, 2), "y": f32(1, 10).reshape(1, 2).repeat(3, 0)}
    return [
        Case(two), Case(two, "subtract"),
        Case({"x": np.array([1.5, -2.0]), "by": np.array(4.0)}, "scale"),
        Case({"x": np.array([b"", b"four", b"x" * 30])}, "length"),
    ]


@fixture
def dynamic(path):
    """Outputs whose sizes depend on the data."""

    def step(x):
        values, index = tf.unique(x)
        return {"positive": tf.boolean_mask(x, x > 0), "where": tf.where(x > 0),
                "values": values, "index": index}

    save(path, tf.Module(), {DEFAULT: function(step, x=[None])})
    return [Case({"x": f32(3, -1, 3, 0, 8, -1, 2)})]


@fixture
def dtypes(path):
    """Every dtype but the rare ones as an identity, in a signature of its name."""
    return identities(path, [d for d in all_dtypes() if d.name not in RARE_DTYPES])


@fixture
def dtypes_rare(path):
    """The other dtypes: those that TensorFlow's optimizer does not know, and says so on
    stderr, to no other effect, about every signature of a model that has one of them."""
    return identities(path, RARE_DTYPES)


@fixture
def shapes(path):
    """A scalar, no rows, no known rank, and a shape with nothing left open."""

    def any_rank(x):
        return {"next": x + 1, "rank": tf.rank(x), "shape": tf.shape(x, tf.int64), "total": tf.reduce_sum(x)}

    next_ = lambda x: {"next": x + 1}
    save(path, tf.Module(), {
        DEFAULT: function(any_rank, x=None),
        "scalar": function(next_, x=[]),
        "rows": function(next_, x=[None, 3]),
        "fixed": function(next_, x=[2, 3]),
    })
    return [
        Case({"x": ramp(2, 1, 3)}),
        Case({"x": np.array(41, np.float32)}, "scalar"),
        Case({"x": np.zeros([0, 3], np.float32)}, "rows"),
        Case({"x": ramp(2, 3)}, "fixed"),
    ]


@fixture
def assert_(path):
    """Square roots; fails with "x is negative" (INVALID_ARGUMENT) if one of x is."""

    def step(x):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x >= 0), ["x is negative", x])]):
            return {"root": tf.sqrt(x)}

    save(path, tf.Module(), {DEFAULT: function(step, x=[None])})
    return [Case({"x": f32(0, 4, 2.25)})]


@fixture
def slow(path):
    """n products of matrices, one after the other, about a millisecond each."""

    def step(n):
        size = 384
        angle = tf.range(size, dtype=tf.float32)
        turn = tf.cos(angle[:, None] * angle[None, :])  # not a constant: it would fill the file

        def body(i, x):
            x = tf.matmul(x, turn)
            return i + 1, x / (1 + tf.reduce_max(tf.abs(x)))

        count, x = tf.while_loop(lambda i, _: i < n, body, [0, turn], parallel_iterations=1)
        return {"count": count, "finite": tf.reduce_all(tf.math.is_finite(x))}

    save(path, tf.Module(), {DEFAULT: function(step, n=([], tf.int32))})
    return [Case({"n": np.array(3, np.int32)})]


@fixture
def mlp(path):
    """A small network: 16 numbers in, 4 probabilities out, its weights in variables."""
    random = np.random.RandomState(16)
    weights = lambda *shape: random.standard_normal(shape).astype(np.float32) / 4
    m = tf.Module()
    m.w1, m.b1 = tf.Variable(weights(16, 8), name="w1"), tf.Variable(weights(8), name="b1")
    m.w2, m.b2 = tf.Variable(weights(8, 4), name="w2"), tf.Variable(weights(4), name="b2")

    def step(x):
        hidden = tf.nn.relu(x @ m.w1 + m.b1)
        return {"probs": tf.nn.softmax(hidden @ m.w2 + m.b2)}

    save(path, m, {DEFAULT: function(step, x=[None, 16])})
    return [Case({"x": random.standard_normal((7, 16)).astype(np.float32)})]


@fixture
def notags(path):
    """Saved with no tags at all."""
    save_v1(path, {DEFAULT: plus(1)}, tags=[])
    return [Case({"x": f32(1, 2)}, tags=[])]


@fixture
def twotags(path):
    """Two graphs over the same variables, tagged serve, and serve with gpu: expected/serve and
    expected/serve_gpu."""
    save_v1(path, {DEFAULT: plus(1)}, tags=["serve"], also=({DEFAULT: plus(2)}, ["serve", "gpu"]))
    return [Case({"x": f32(1, 2)}, name="serve"),
            Case({"x": f32(1, 2)}, tags=["serve", "gpu"], name="serve_gpu")]


@fixture
def assign(path):
    """Keeps what it is fed in a variable, perhaps in the very memory, for others to read."""
    m = tf.Module()
    m.kept = tf.Variable(tf.zeros([4]), shape=[None], name="kept")
    save(path, m, {
        "assign": function(lambda x: {"total": tf.reduce_sum(m.kept.assign(x))}, x=[None]),
        "read": function(lambda: {"kept": m.kept.read_value()}),
    })
    return [Case({"x": f32(1, 2, 3, 4)}, "assign"), Case({}, "read")]


@fixture
def landing(path):
    """Outputs whose memory is not simply an output's: for what writes them where they land."""
    m = tf.Module()
    m.kept = tf.Variable(tf.zeros([4]), shape=[None], name="kept")
    m.large = tf.constant(np.arange(2048, dtype=np.float32))
    flip = lambda v: tf.reverse(v, [0])  # never in place

    def between(x):
        middle = flip(flip(x) + 1)
        return {"middle": middle, "after": tf.reduce_sum(flip(middle) * flip(x))}

    def assigned(x):
        y = 2 * x
        with tf.control_dependencies([m.kept.assign(y)]):
            return {"y": tf.identity(y)}

    def sometimes(x, keep):
        y = 2 * x
        with tf.control_dependencies([tf.cond(keep, lambda: tf.reduce_sum(m.kept.assign(y)), lambda: 0.0)]):
            return {"y": tf.identity(y)}

    def swapped(x, swap):
        a_first = lambda: after(flip(x), lambda: flip(3 * x))
        b_first = lambda: after(flip(3 * x), lambda: flip(x))[::-1]
        a, b = tf.cond(swap, b_first, a_first)
        return {"a": a, "b": b}

    def after(first, second):
        with tf.control_dependencies([first]):
            return first, second()

    def loop(x, n):
        _, y = tf.while_loop(lambda i, _: i < n, lambda i, y: (i + 1, flip(y) * 1.5), [0, x])
        return {"y": y}

    @tf.function(experimental_attributes={"_noinline": True})
    def called(x):
        return flip(x) * 2

    def fails(x):
        y = flip(x)
        with tf.control_dependencies([y]):
            check = tf.debugging.Assert(tf.reduce_sum(y) >= 0, ["the sum is negative"])
        with tf.control_dependencies([check]):
            return {"y": tf.identity(y)}

    def late(x, n):
        y = flip(x)
        with tf.control_dependencies([y]):
            _, slow = tf.while_loop(lambda i, _: i < n, lambda i, v: (i + 1, tf.cos(v)), [0, tf.reshape(x, [-1])])
        return {"y": y, "slow": tf.reduce_sum(slow)}

    def halves(x):
        y, middle = flip(x), tf.size(x) // 2
        return {"one": y[:middle], "two": y[middle:]}

    def mapped(x):
        return {"y": tf.map_fn(lambda v: v * v, tf.reshape(x, [4, -1])), "flat": flip(x)}

    def kinds(x):
        y = flip(x)
        return {"int": tf.cast(y, tf.int64), "bool": y > 0, "half": tf.cast(y, tf.float16), "complex": tf.complex(y, x)}

    v, flag, n = [None], ([], tf.bool), ([], tf.int32)
    save(path, m, {
        "fed": function(lambda x: {"y": tf.identity(x), "z": flip(x)}, x=v),
        "constant": function(lambda x: {"y": tf.identity(m.large), "z": flip(x)}, x=v),
        "variable": function(lambda: {"y": m.kept.read_value()}),
        "assigned": function(assigned, x=v),
        "sometimes": function(sometimes, x=v, keep=flag),
        "twice": function(lambda x: dict.fromkeys(["a", "b"], flip(x)), x=v),
        "equal": function(lambda x: {"a": flip(x), "b": flip(3 * x)}, x=v),
        "between": function(between, x=v),
        "inplace": function(lambda x: {"y": tf.nn.relu(x + 1)}, x=v),
        "masked": function(lambda x: {"y": tf.boolean_mask(x, x > 0)}, x=v),
        "loop": function(loop, x=v, n=n),
        "swapped": function(swapped, x=v, swap=flag),
        "called": function(lambda x: {"once": called(x), "again": called(called(x))}, x=v),
        "empty": function(lambda x: {"y": x[:0], "z": flip(x)}, x=v),
        "fails": function(fails, x=v),
        "late": function(late, x=v, n=n),
        "halves": function(halves, x=v),
        "mapped": function(mapped, x=v),
        "kinds": function(kinds, x=v),
    })
    x = {"x": f32(1, -2, 3, 4)}
    flagged = lambda name, on: {**x, name: np.array(on)}
    return [
        *[Case(x, name) for name in (
            "fed", "constant", "assigned", "twice", "equal", "between", "inplace", "masked", "called", "empty",
            "fails", "halves", "mapped", "kinds")],
        Case({}, "variable"),
        Case(flagged("keep", True), "sometimes"),
        Case(flagged("swap", False), "swapped"),
        Case(flagged("n", np.int32(3)), "loop"),
        Case(flagged("n", np.int32(3)), "late"),
    ]


@fixture
def queue(path):
    """A queue that keeps the very tensor that is fetched: put adds one, take removes it."""
    shared = lambda: v1.FIFOQueue(100, tf.float32, shared_name="queue")

    def put():
        x = v1.placeholder(tf.float32, [None], "x")
        y = tf.multiply(x, 2.0)
        with tf.control_dependencies([shared().enqueue(y)]):
            return {"x": x}, {"y": tf.identity(y, "y")}

    def take():
        scale = v1.placeholder(tf.float32, [], "scale")
        return {"scale": scale}, {"taken": tf.multiply(shared().dequeue(), scale, name="taken")}

    save_v1(path, {"put": put, "take": take})
    return [Case({"x": f32(1, 2, 3)}, "put"), Case({"scale": np.float32(10)}, "take")]


@fixture
def v1_(path):
    """TensorFlow 1 throughout: reference variables, its control flow, simple_save."""
    v1.disable_control_flow_v2()
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], "x")
        limit = v1.get_variable("limit", initializer=np.float32(100), use_resource=False)
        _, doubled = v1.while_loop(lambda i, v: tf.reduce_sum(v) < limit, lambda i, v: (i + 1, 2 * v), [0, x])
        y = v1.cond(tf.reduce_sum(x) > limit, lambda: -x, lambda: doubled)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(path), {"x": x}, {"y": tf.identity(y, "y")})
    return [Case({"x": f32(1, 2, 3)})]


@fixture
def while_(path):
    """TensorFlow 2's control flow: the first n Fibonacci numbers."""

    def step(n):
        loop = lambda i, a, b, seen: (i + 1, b, a + b, tf.concat([seen, [a]], 0))
        zero, one = tf.constant(0, tf.int64), tf.constant(1, tf.int64)
        *_, seen = tf.while_loop(
            lambda i, a, b, seen: i < n, loop, [0, zero, one, tf.zeros([0], tf.int64)],
            shape_invariants=[tf.TensorShape([])] * 3 + [tf.TensorShape([None])])
        return {"numbers": seen, "even": tf.cond(n % 2 == 0, lambda: True, lambda: False)}

    save(path, tf.Module(), {DEFAULT: function(step, n=([], tf.int32))})
    return [Case({"n": np.array(10, np.int32)})]


@fixture
def default(path):
    """An input that need not be fed: a placeholder with a default of 2."""

    def build():
        x = v1.placeholder(tf.float32, [None], "x")
        scale = v1.placeholder_with_default(np.float32(2), [], "scale")
        return {"x": x, "scale": scale}, {"scaled": tf.multiply(x, scale, name="scaled")}

    save_v1(path, {DEFAULT: build})
    return [Case({"x": f32(1, 2), "scale": np.array(10, np.float32)})]


@fixture
def frozen(path):
    """Not a SavedModel but a GraphDef, as TensorFlow 1 froze them: frozen.pb. The outputs of
    the split, half:0 and half:1, are in out_half_0.npy and out_half_1.npy."""
    with tf.Graph().as_default() as graph:
        x, y = v1.placeholder(tf.float32, [None, 4], "x"), v1.placeholder(tf.float32, [None, 4], "y")
        w = tf.constant(np.eye(4, dtype=np.float32)[::-1] * f32(1, 2, 3, 4), name="w")
        z = tf.add(tf.matmul(x, w, name="product"), y, name="z")
        tf.split(z, 2, axis=1, name="half")
        path.mkdir()
        (path / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString(deterministic=True))
    feeds = {"x": ramp(3, 4), "y": np.full([3, 4], 100, np.float32)}
    with v1.Session(graph=tf.Graph()) as session:
        tf.graph_util.import_graph_def(graph.as_graph_def(), name="")
        names = ["product", "z", "half:0", "half:1"]
        outputs = session.run([n if ":" in n else n + ":0" for n in names],
                              {n + ":0": a for n, a in feeds.items()})
    write_arrays(path / "expected", "in", feeds)
    write_arrays(path / "expected", "out", {n.replace(":", "_"): a for n, a in zip(names, outputs)})
    return []


@fixture
def tables_v1(path):
    """What TensorFlow 1 needs set up beside its variables: a table filled from an asset file,
    and a local variable, by the main op. bump changes a reference variable that the default
    signature reads."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # see strings
        vocabulary = "vocabulary.txt"
        pathlib.Path(vocabulary).write_text("zero\none\ntwo words\n", encoding="utf-8")
        with tf.Graph().as_default(), v1.Session() as session:
            count = v1.get_variable("count", initializer=np.int64(100), use_resource=False)
            step = v1.get_variable("step", initializer=np.int64(10), use_resource=True,
                                   collections=[v1.GraphKeys.LOCAL_VARIABLES])
            asset = tf.constant(vocabulary, name="asset")
            v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset)
            text = tf.string, tf.lookup.TextFileIndex.WHOLE_LINE
            line = tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
            table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(asset, *text, *line), -1)
            word = v1.placeholder(tf.string, [None], "word")
            by = v1.placeholder(tf.int64, [], "by")
            define = v1.saved_model.predict_signature_def
            signatures = {
                DEFAULT: define({"word": word}, {"id": tf.add(table.lookup(word), count, name="id")}),
                "bump": define({"by": by}, {"count": tf.identity(count.assign_add(by * step), "bumped")}),
            }
            session.run(v1.global_variables_initializer())
            builder = v1.saved_model.Builder(str(path))
            builder.add_meta_graph_and_variables(
                session, ["serve"], signature_def_map=signatures, assets_collection=[asset],
                main_op=tf.group(v1.local_variables_initializer(), v1.tables_initializer()))
            builder.save()
    words = {"word": np.array([b"two words", b"zero", b"three"])}
    return [Case(words), Case({"by": np.array(3)}, "bump"), Case(words, name="bumped")]


@fixture
def keras(path):
    """A network of Keras 3, trained for a step, as tf.saved_model.save writes it. Its
    variables have no names that a session could find them by, and most of what was saved
    belongs to the optimizer."""
    import keras

    model = keras.Sequential([
        keras.Input([4]),
        keras.layers.Dense(3, activation="relu", name="hidden"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(2, activation="softmax", name="probs"),
    ], name="network")
    model.compile(keras.optimizers.SGD(momentum=0.5), "mse")
    model.fit(ramp(8, 4), ramp(8, 2), verbose=0)
    random = fill(model.variables + model.optimizer.variables)
    tf.saved_model.save(model, str(path))
    return [Case({"inputs": random.standard_normal((5, 4)).astype(np.float32)}, session=False)]


@fixture
def keras_export(path):
    """A network of Keras 3 as its own export writes it, which sessions run."""
    import keras

    model = keras.Sequential([
        keras.Input([4], name="x"), keras.layers.Dense(2, use_bias=False, name="line"),
    ], name="network")
    random = fill(model.variables)
    model.export(str(path), verbose=False)
    return [Case({"x": random.standard_normal((5, 4)).astype(np.float32)})]


@fixture
def keras_rnn(path):
    """Control flow in a network of Keras 3: a recurrent layer over sequences of any length."""
    import keras

    model = keras.Sequential([keras.Input([None, 2]), keras.layers.SimpleRNN(3, name="rnn")], name="network")
    random = fill(model.variables)
    tf.saved_model.save(model, str(path))
    return [Case({"inputs": random.standard_normal((2, 6, 2)).astype(np.float32)}, session=False)]


@fixture
def keras_tables(path):
    """Tables beside a layer of Keras 3: one of constants, one from an asset file, and one whose
    entries are in the checkpoint. learn adds an entry to that one."""
    import keras

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # see strings
        vocabulary = "vocabulary.txt"
        pathlib.Path(vocabulary).write_text("zero\none\ntwo words\n", encoding="utf-8")
        m = tf.Module()
        m.layer = keras.layers.Embedding(4, 2, name="embedding")
        m.layer.build()
        m.variables_ = m.layer.variables
        fill(m.layer.variables)
        m.prices = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64)), 3)
        m.words = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 3)
        m.learnt = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        m.learnt.insert(["x", "y"], tf.constant([24, 25], tf.int64))

        def learn(key, value):
            m.learnt.insert(key[None], value[None])
            return {"size": m.learnt.size()}

        save(path, m, {
            DEFAULT: function(
                lambda word: {"embedded": m.layer(m.words.lookup(word)), "price": m.prices.lookup(word),
                              "learnt": m.learnt.lookup(word)},
                word=([None], tf.string)),
            "learn": function(learn, key=([], tf.string), value=([], tf.int64)),
        })
    words = {"word": np.array([b"one", b"two words", b"a", b"b", b"x", b"y", b"z"])}
    return [
        Case(words, session=False),
        Case({"key": np.array(b"z"), "value": np.array(26)}, "learn"),
        Case(words, session=False, name="learnt"),
    ]


@fixture
def partitioned_v1(path):
    """A variable of TensorFlow 1 in two parts: the checkpoint has it as one, in slices, and the
    graph restores each part."""
    def build():
        x = v1.placeholder(tf.float32, [None, 5], "x")
        with v1.variable_scope("net", partitioner=v1.fixed_size_partitioner(2)):
            w = v1.get_variable("w", [5, 3], initializer=v1.random_uniform_initializer(seed=1), use_resource=False)
        bias = v1.get_variable("bias", initializer=f32(1, 2, 3), use_resource=True)
        return {"x": x}, {"y": tf.add(tf.matmul(x, tf.convert_to_tensor(w)), bias, name="y")}

    save_v1(path, {DEFAULT: build})
    return [Case({"x": ramp(2, 5)})]


@fixture
def checkpoint(path):
    """Not a model but a checkpoint, in two data files: a lies in both of them. Beside it is what
    TensorFlow reads from it."""
    root = tf.Module()
    root.a = tf.Variable(ramp(60, 2), name="a")
    root.list = [tf.Variable(np.arange(5)), tf.Variable(tf.constant(2.5, tf.bfloat16))]
    root.words = tf.Variable(["one", "", "two words"])
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(root=root), str(path), 3, checkpoint_name="ckpt")
    manager.save(options=tf.train.CheckpointOptions(
        experimental_sharding_callback=tf.train.experimental.MaxShardSizePolicy(max_shard_size=400)))
    state = path / "checkpoint"  # it has the time in it, and the folder's name
    state.write_text('model_checkpoint_path: "ckpt-1"\nall_model_checkpoint_paths: "ckpt-1"\n', encoding="utf-8")
    reader = tf.train.load_checkpoint(str(path))
    write_arrays(path / "expected", "out", {
        name.replace("/", "_"): reader.get_tensor(f"{name}/.ATTRIBUTES/VARIABLE_VALUE")
        for name in ["a", "list/0", "list/1", "words"]})
    return []


# What the fixtures are made with.


def f32(*values):
    return np.array(values, np.float32)


def ramp(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 2


def plus(number):
    def build():
        x = v1.placeholder(tf.float32, [None], "x")
        variable = v1.get_variable("number", initializer=np.float32(10))
        return {"x": x}, {"y": tf.add(x + variable, float(number), name="y")}

    return build


def fill(variables):
    """Gives variables values that are the same everywhere, which training does not."""
    random = np.random.RandomState(len(variables))
    for v in variables:
        v.assign(random.random_sample(v.shape).astype(v.dtype))
    return random


@fixture
def parts(path):
    """Outputs that are made of several tensors, sparse and ragged, beside plain ones: in one
    signature with a plain one, and in another alone."""
    flat = ([None], tf.float32)

    def both(x):
        x = tf.reshape(x, [-1, 2])
        return {"dense": x * 2.0, "sparse": tf.sparse.from_dense(x), "ragged": tf.RaggedTensor.from_tensor(x)}

    save(path, tf.Module(), {
        DEFAULT: function(both, x=flat),
        "ragged": function(lambda x: {"r": tf.RaggedTensor.from_tensor(x[:, None])}, x=flat),
    })
    return [Case({"x": f32(0, 1, 2, 0)})]


@fixture
def effects(path):
    """Signatures with no outputs, which are run for what they do: set and reset. get tells."""
    m = tf.Module()
    m.kept = tf.Variable(1.0, name="kept")

    def assign(x=0.0):
        m.kept.assign(x)
        return {}

    save(path, m, {
        "set": function(assign, x=[]),
        "reset": function(assign),
        "get": function(lambda: {"kept": m.kept.read_value()}),
    })
    return []


@fixture
def colocated(path):
    """Ops that are to be placed with one that no output needs, and with a variable."""

    def other():
        x = v1.placeholder(tf.float32, [None], "x")
        with v1.colocate_with(tf.identity(x, name="other")):
            return {"x": x}, {"y": tf.multiply(x, 2.0, name="y")}

    def variable():
        x = v1.get_default_graph().get_tensor_by_name("x:0")
        v = v1.get_variable("v", initializer=f32(1, 2), use_resource=True)
        with v1.colocate_with(v.handle):
            return {"x": x}, {"z": tf.add(x, 1.0, name="z")}

    save_v1(path, {DEFAULT: other, "variable": variable})
    return [Case({"x": f32(1, 2, 3)}), Case({"x": f32(1, 2, 3)}, "variable")]


@fixture
def iterators_v1(path):
    """Iterators of TensorFlow 1, which two signatures share: one that begins by itself and
    gives the squares, and one that the main op begins and that counts from 5."""
    with tf.Graph().as_default(), v1.Session() as session:
        squares = v1.data.make_one_shot_iterator(v1.data.Dataset.range(100).map(lambda i: i * i))
        numbers = v1.data.make_initializable_iterator(v1.data.Dataset.range(5, 100))
        x = v1.placeholder(tf.int64, [], "x")
        square, number = squares.get_next() + x, numbers.get_next() + x
        signature = v1.saved_model.predict_signature_def
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], main_op=numbers.initializer, signature_def_map={
            DEFAULT: signature({"x": x}, {"square": square, "number": number}),
            "square": signature({"x": x}, {"square": square}),
        })
        builder.save()
    return []


@fixture
def functions(path):
    """Functions of objects and no signature: overloads by shape, dtype and values, structures,
    tables, constants, a sparse argument. expected/ has a folder for each call."""
    m = tf.Module()
    m.scale = tf.Variable(2.0, name="scale")
    m.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
    m.learnt = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    m.learnt.insert("known", tf.constant(4, tf.int64))
    offset = tf.constant(f32(10, 20))
    m.part = tf.Module()

    def pick(x, negate=False, by=1.5):
        y = x * tf.cast(m.scale, x.dtype) * tf.cast(by, x.dtype)
        return -y if negate else y

    def nested(d):
        return {"sum": d["a"] + d["b"][0], "pair": (d["a"] - d["b"][1], d["b"][0])}

    def both(x):
        return x + 1.0, x + offset

    def look(w):
        return m.table.lookup(w)

    def learn(k, v):
        m.learnt.insert(k, v)

    m.pick, m.nested, m.part.both = tf.function(pick), tf.function(nested), tf.function(both)
    m.look = tf.function(look)
    m.learn = tf.function(learn)
    m.learned = tf.function(lambda k: m.learnt.lookup(k))
    m.sparse = tf.function(lambda s: tf.sparse.reduce_sum(s, axis=1))
    two, three = tf.constant(f32(1, 2)), tf.constant(f32(1, 2, 3))
    sparse = tf.sparse.from_dense([[1.0, 0.0], [2.0, 3.0]])
    nest = {"a": tf.constant(5.0), "b": [tf.constant(2.0), tf.constant(3.0)]}
    text = tf.constant(["b", "c"])
    for name, feeds, call in [
        ("pick_2", {"x": two}, lambda: m.pick(two)),
        ("pick_3", {"x": three}, lambda: m.pick(three)),
        ("pick_negate", {"x": two}, lambda: m.pick(two, negate=True)),
        ("pick_int", {"x": tf.constant([4]), "by": tf.constant(3)}, lambda: m.pick(tf.constant([4]), by=tf.constant(3))),
        ("nested", {"d.a": nest["a"], "d.b.0": nest["b"][0], "d.b.1": nest["b"][1]}, lambda: m.nested(nest)),
        ("part.both", {"x": two}, lambda: m.part.both(two)),
        ("look", {"w": text}, lambda: m.look(text)),
        ("learned", {"k": tf.constant("known")}, lambda: m.learned(tf.constant("known"))),
        ("sparse", {"s.indices": sparse.indices, "s.values": sparse.values, "s.dense_shape": sparse.dense_shape},
         lambda: m.sparse(sparse)),
    ]:
        made = call()
        if name == "nested":
            made = {"sum": made["sum"], "pair.0": made["pair"][0], "pair.1": made["pair"][1]}
        else:
            made = {f"output_{i}": t for i, t in enumerate(made if isinstance(made, tuple) else [made])}
        write_arrays(path / "expected" / name, "in", {k: t.numpy() for k, t in feeds.items()})
        write_arrays(path / "expected" / name, "out", {k: t.numpy() for k, t in made.items()})
    m.learn.get_concrete_function(tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.int64))
    tf.saved_model.save(m, str(path))
    return []


def function(step, **inputs):
    """A signature: inputs are shapes, or (shape, dtype) where it is not float32."""
    specs = [tf.TensorSpec(*(i if isinstance(i, tuple) else (i, tf.float32)), name=name)
             for name, i in inputs.items()]
    return tf.function(step, input_signature=specs).get_concrete_function()


def save(path, module, signatures):
    """Saves as TensorFlow 2 does. Functions that are not on an object are not saved."""
    module.functions = signatures
    tf.saved_model.save(module, str(path), signatures=signatures)


def save_v1(path, signatures, tags=("serve",), also=None):
    """Saves as TensorFlow 1 did, from functions that build a graph's inputs and outputs."""
    builder = v1.saved_model.Builder(str(path))
    for i, (signatures, tags) in enumerate([(signatures, tags)] + ([also] if also else [])):
        with tf.Graph().as_default(), v1.Session() as session:
            defs = {name: v1.saved_model.predict_signature_def(*build())
                    for name, build in signatures.items()}
            if i == 0:
                session.run(v1.global_variables_initializer())
                builder.add_meta_graph_and_variables(session, list(tags), signature_def_map=defs)
            else:
                builder.add_meta_graph(list(tags), signature_def_map=defs)
    builder.save()


RARE_DTYPES = ["float8_e5m2", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz",
               "int2", "uint2", "float4_e2m1fn"]


def identities(path, dtypes):
    dtypes = [tf.as_dtype(d) for d in dtypes]
    save(path, tf.Module(), {
        d.name: function(lambda x: {"y": tf.identity(x)}, x=([None], d)) for d in dtypes})
    return [Case({"x": dtype_values(d)}, d.name) for d in dtypes]


def all_dtypes():
    """Every dtype that can be fed, in the order of their numbers."""
    for number in range(1, 100):
        try:
            dtype = tf.as_dtype(number)
        except TypeError:
            continue
        if dtype not in (tf.resource, tf.variant):
            yield dtype


def dtype_values(dtype):
    """The values that are most easily spoilt on the way: extremes, and every pattern of
    bits where there are few."""
    numpy = np.dtype(dtype.as_numpy_dtype)
    if dtype == tf.string:
        return np.array([b"", b"a", "π".encode(), b"\0\xff", b"x" * 100], "O")
    if dtype == tf.bool:
        return np.array([True, False, True, True])
    if dtype.is_complex:
        values = np.array([0.0, -0.0, 1.5, np.inf, np.nan, -np.finfo(numpy).max], numpy)
        values.imag = values.real[::-1]
        return values
    if numpy.fields or dtype.is_integer and numpy.kind in "iu":
        bits = np.dtype(numpy[0] if numpy.fields else numpy)
        info = np.iinfo(bits)
        values = np.array([info.min, info.min + 1, 0, 1, 77, info.max], bits)
        return values.view(numpy)
    if numpy.itemsize == 1:
        width = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4_e2m1fn": 4}.get(dtype.name, 8)
        if dtype.is_integer:  # kept one to a byte, with its sign all over the byte
            low = -(1 << width - 1) if dtype.name.startswith("int") else 0
            return np.arange(low, low + (1 << width)).astype(numpy)
        return np.arange(1 << width, dtype=np.uint8).view(numpy)
    if numpy.itemsize == 2:  # zeros, subnormals, one, the largest, infinities, NaNs
        return np.array([0, 0x8000, 1, 0x03FF, 0x007F, 0x3C00, 0x3F80, 0x7BFF, 0x7F7F, 0x7C00, 0xFC00,
                         0x7F80, 0xFF80, 0x7E00, 0x7FC0, 0x7C01, 0xFFFF], np.uint16).view(numpy)
    info = np.finfo(numpy)
    return np.array([0.0, -0.0, 1, -1.5, info.smallest_subnormal, info.tiny, info.max,
                     np.inf, -np.inf, np.nan], numpy)


# How they are written and checked.


def make(name, path):
    """Writes one fixture. Runs in a process of its own, since TensorFlow numbers what it
    makes and the numbers get into the files."""
    cases = FIXTURES[name](path)
    if not (path / "saved_model.pb").exists():
        return
    tidy(path)
    loaded, sessions = {}, {}
    for case in cases:
        tags = tuple(case.tags)
        if tags not in sessions:
            sessions[tags] = open_session(path, case.tags)
            # Not the models of TensorFlow 1: its session is what they are for, and making
            # functions of them fails on reference variables.
            if sessions[tags].meta.HasField("object_graph_def"):
                loaded[tags] = tf.saved_model.load(str(path), tags=case.tags)
        if not case.session:
            refused(name, case, sessions[tags])
            outputs = run_loaded(loaded[tags], case)
        else:
            outputs = run_session(sessions[tags], case)
            if tags in loaded:
                agree(name, case, run_loaded(loaded[tags], case), outputs)
        write_arrays(path / "expected" / case.name, "in", case.feeds)
        write_arrays(path / "expected" / case.name, "out", outputs)


def tidy(path):
    """Leaves out what differs from run to run or is for debugging only."""
    for leftover in ("fingerprint.pb", "assets", "variables"):
        if (path / leftover).is_dir() and not any((path / leftover).iterdir()):
            (path / leftover).rmdir()
        elif (path / leftover).is_file():
            (path / leftover).unlink()
    model = read_model(path)
    for graph in model.meta_graphs:
        graph.meta_info_def.ClearField("tensorflow_git_version")
        for nodes in [graph.graph_def.node] + [f.node_def for f in graph.graph_def.library.function]:
            for node in nodes:
                node.ClearField("experimental_debug_info")
    (path / "saved_model.pb").write_bytes(model.SerializeToString(deterministic=True))


def read_model(path):
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((path / "saved_model.pb").read_bytes())
    return model


def run_loaded(loaded, case):
    """Runs a case the way TensorFlow 2 does, by the functions of the loaded object."""
    signature = loaded.signatures[case.signature]
    specs = {**signature.structured_input_signature[1]}
    feeds = {name: to_tensor(value, specs[name].dtype) for name, value in case.feeds.items()}
    return {name: t.numpy() for name, t in signature(**feeds).items() if isinstance(t, tf.Tensor)}


def to_tensor(value, dtype):
    if dtype.is_quantized:
        return tf.bitcast(value.view(value.dtype[0]), dtype)
    return tf.constant(value, dtype)


def open_session(path, tags):
    session = v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        session.meta = v1.saved_model.loader.load(session, tags, str(path))
    return session


def run_session(session, case):
    """Runs a case the way ndflow does, by tensor names in a session."""
    signature = session.meta.signature_def[case.signature]
    names = [name for name in signature.outputs if signature.outputs[name].name]  # not of several
    fetches, aliases = [], {}
    feeds = {signature.inputs[name].name: value for name, value in case.feeds.items()}
    for name in names:
        tensor = signature.outputs[name].name
        if tensor in feeds:  # TensorFlow refuses to fetch what is fed
            aliases[name] = feeds[tensor]
        else:
            fetches.append((name, tensor))
    return {**dict(zip([n for n, _ in fetches], session.run([t for _, t in fetches], feeds))), **aliases}


def refused(name, case, session):
    try:
        run_session(session, case)
    except tf.errors.FailedPreconditionError as e:
        if "Could not find variable" in str(e):
            return
        raise
    sys.exit(f"{name} {case.signature}: a session runs it after all")


def agree(name, case, want, got):
    if set(want) != set(got):
        sys.exit(f"{name}: outputs are {sorted(want)} when loaded and {sorted(got)} in a session")
    for output in want:
        a, b = np.asarray(want[output]), np.asarray(got[output])
        same = a.tolist() == b.tolist() if a.dtype == object else bits(a).tobytes() == bits(b).tobytes()
        if a.shape != b.shape or not same:
            sys.exit(f"{name} {case.signature}: {output} is {a} when loaded and {b} in a session")


def bits(array):
    """An array's bits as unsigned integers, or the array itself if NumPy has its dtype."""
    if array.dtype.kind == "V" or array.dtype.isbuiltin == 2:
        return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}").reshape(array.shape)
    return array


def write_arrays(folder, prefix, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype == object:  # NumPy's S drops NULs at the end; no fixture has any
            array = array.astype("S")
        stored = bits(array)
        suffix = "_bits" if stored is not array else ""
        np.save(folder / f"{prefix}_{name}{suffix}.npy", stored, allow_pickle=False)


def table():
    """The README: every fixture with its signatures and the tensors behind them."""
    lines = [
        "# Models for tests", "",
        "Written by `make fixtures` (scripts/fixtures.py); do not edit. Each folder is a SavedModel with",
        "the tag `serve` unless it says otherwise. `expected/` holds inputs (`in_NAME.npy`) and what Python",
        "TensorFlow makes of them (`out_NAME.npy`), for `serving_default` there and for other signatures in",
        "`expected/SIGNATURE/`, to be run in the order of this table where a variable is involved.",
        "`_bits.npy` are the bits of a dtype that NumPy does not have.", "",
    ]
    for name, function in FIXTURES.items():
        lines += [f"## {name}", "", function.__doc__.replace("\n    ", " "), ""]
        if (ROOT / name / "checkpoint").exists():
            shapes = tf.train.load_checkpoint(str(ROOT / name)).get_variable_to_shape_map()
            lines += ["Keys: " + ", ".join(f"`{key}` {shapes[key]}" for key in sorted(shapes)), ""]
            continue
        if not (ROOT / name / "saved_model.pb").exists():
            graph = v1.GraphDef.FromString((ROOT / name / f"{name}.pb").read_bytes())
            lines += ["Nodes: " + ", ".join(f"`{n.name}` ({n.op})" for n in graph.node), ""]
            continue
        for meta in read_model(ROOT / name).meta_graphs:
            tags = ", ".join(f"`{t}`" for t in meta.meta_info_def.tags)
            if tags != "`serve`":
                lines += [f"Tags: {tags or 'none'}", ""]
            if set(meta.signature_def) <= {"__saved_model_init_op"}:
                lines += ["No signatures.", ""]
                continue
            lines += ["| signature | inputs | outputs |", "| --- | --- | --- |"]
            for signature, d in order(meta.signature_def.items()):
                if signature != "__saved_model_init_op":
                    lines.append(f"| `{signature}` | {tensors(d.inputs)} | {tensors(d.outputs)} |")
            lines.append("")
    return "\n".join(lines)


def order(items):
    return sorted(items, key=lambda item: (item[0] != DEFAULT, item[0]))


def tensors(infos):
    def one(name, info):
        if not info.name:
            return f"`{name}`: several tensors"
        shape = info.tensor_shape
        shape = "any rank" if shape.unknown_rank else "[" + ", ".join(str(d.size) for d in shape.dim) + "]"
        return f"`{name}` {tf.as_dtype(info.dtype).name} {shape}: `{info.name}`"

    return "<br>".join(one(*item) for item in order(infos.items())) or "none"


def in_child(call, *args):
    """Runs call in a process of its own that has TensorFlow imported already. What it says
    on stderr, which is much and mostly noise, is shown only if it fails."""
    with tempfile.TemporaryFile() as log:
        child = os.fork()
        if child == 0:
            os.dup2(log.fileno(), 2)
            try:
                call(*args)
                code = 0
            except BaseException:
                traceback.print_exc()
                code = 1
            sys.stderr.flush()
            os._exit(code)
        if os.waitpid(child, 0)[1] != 0:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            sys.exit(f"fixture {args[0]} failed")


def differences(a, b):
    """The files that are not the same in two folders, or in one of them only."""
    files = {f.relative_to(folder) for folder in (a, b) for f in folder.rglob("*") if f.is_file()}
    same = lambda f: (a / f).is_file() and (b / f).is_file() and filecmp.cmp(a / f, b / f, shallow=False)
    return sorted(str(f) for f in files if not same(f))


def main():
    parser = argparse.ArgumentParser(description="Writes the models that the tests run.")
    parser.add_argument("--check", action="store_true", help="only say which files would change")
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures; default: all of them")
    args = parser.parse_args()
    for name in args.names:
        if name not in FIXTURES:
            parser.error(f"no fixture {name!r}; there are: {', '.join(FIXTURES)}")

    changed = []
    for name in args.names or FIXTURES:
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / name
            in_child(make, name, made)
            changed += [f"{name}/{f}" for f in differences(made, ROOT / name)]
            if not args.check:
                shutil.rmtree(ROOT / name, ignore_errors=True)
                shutil.copytree(made, ROOT / name)
        print(name, flush=True)
    if args.check:
        sys.exit("\n".join(["these would change:"] + changed) if changed else 0)
    (ROOT / "README.md").write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
