"""Python TensorFlow's side of the tests.

    tensorflow_weights.py make FOLDER
        Writes checkpoints of several kinds, and beside each PREFIX a PREFIX.npz with what
        is in it, as TensorFlow reads it.
    tensorflow_weights.py read MODEL OUT.npz [IN.npz]
        Loads a SavedModel with tf.saved_model.load and writes the variables of its default
        signature, by name; and, under "out/...", what the signature makes of IN.npz, run by
        TensorFlow and, under "keras/...", by Keras.
    tensorflow_weights.py read_v1 MODEL OUT.npz
        The same of a model of TensorFlow 1, in a session.
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def dump(prefix):
    reader = tf.train.load_checkpoint(str(prefix))
    np.savez(f"{prefix}.npz", **{
        key.replace("/", "|"): reader.get_tensor(key) for key in reader.get_variable_to_shape_map()
        if key != "_CHECKPOINTABLE_OBJECT_GRAPH"})


def make_sharded(folder):
    """A checkpoint of TensorFlow 2 in several data files, variables cut in two where they are
    longer than one may be."""
    root = tf.Module()
    root.a = tf.Variable(tf.reshape(tf.range(6000, dtype=tf.float32), [3000, 2]), name="a")
    root.b = [tf.Variable(tf.range(5, dtype=tf.int64)), tf.Variable(tf.constant(2.5, tf.bfloat16))]
    root.words = tf.Variable(["one", "", "π"])
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=10_000)
    checkpoint = tf.train.Checkpoint(root=root)
    manager = tf.train.CheckpointManager(checkpoint, str(folder / "sharded"), 3, checkpoint_name="ckpt")
    manager.save(options=tf.train.CheckpointOptions(experimental_sharding_callback=policy))
    # NumPy has no bfloat16 to save.
    reader = tf.train.load_checkpoint(manager.latest_checkpoint)
    np.savez(folder / "sharded.npz", a=reader.get_tensor("a/.ATTRIBUTES/VARIABLE_VALUE"),
             b=reader.get_tensor("b/0/.ATTRIBUTES/VARIABLE_VALUE"))


def make_v1(folder):
    """A model of TensorFlow 1 with a variable in two parts, on two devices."""
    with tf.Graph().as_default(), v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
        with v1.variable_scope("net", partitioner=v1.fixed_size_partitioner(2)):
            w = v1.get_variable("w", [6, 3], initializer=v1.random_normal_initializer(seed=1), use_resource=False)
        r = v1.get_variable("r", initializer=np.arange(3, dtype=np.float32), use_resource=True)
        x = v1.placeholder(tf.float32, [None, 6], "x")
        y = tf.matmul(x, tf.convert_to_tensor(w)) + r
        session.run(v1.global_variables_initializer())
        (folder / "v1").mkdir()
        v1.train.Saver(sharded=True).save(session, str(folder / "v1" / "model"), write_meta_graph=False)
        dump(folder / "v1" / "model")
        v1.saved_model.simple_save(session, str(folder / "v1model"), {"x": x}, {"y": y})


def make(folder):
    folder = pathlib.Path(folder)
    make_sharded(folder)
    make_v1(folder)


def read(model, out, inputs=None):
    loaded = tf.saved_model.load(model)
    signature = loaded.signatures["serving_default"]
    found = {v.name.removesuffix(":0").replace("/", "|"): v.numpy() for v in signature.variables}
    if inputs:
        feeds = {name: tf.constant(array) for name, array in np.load(inputs).items()}
        for name, value in signature(**feeds).items():
            found[f"out|{name}"] = value.numpy()
        import keras

        layer = keras.layers.TFSMLayer(model, call_endpoint="serving_default")
        for name, value in layer(**feeds).items() if len(feeds) > 1 else layer(*feeds.values()).items():
            found[f"keras|{name}"] = value.numpy()
    np.savez(out, **found)


def read_v1(model, out):
    with tf.Graph().as_default(), v1.Session() as session:
        v1.saved_model.load(session, ["serve"], model)
        np.savez(out, **{
            v.op.name.replace("/", "|"): session.run(v) for v in v1.global_variables()})


globals()[sys.argv[1]](*sys.argv[2:])
