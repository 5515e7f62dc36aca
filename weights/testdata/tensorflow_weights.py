"""What Python TensorFlow makes of SavedModels.

    tensorflow_weights.py FOLDER

Loads each SavedModel FOLDER/NAME and writes FOLDER/NAME.npz. In that are the variables that
the signatures use, by name, with "|" for "/". Where there is FOLDER/NAME.in.npz with inputs of
the default signature, its outputs are in it too: as "out|NAME" when TensorFlow runs it and as
"keras|NAME" when Keras does.
"""

import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def by_name(variables):
    return {name.removesuffix(":0").replace("/", "|"): value for name, value in variables.items()}


def read(model, inputs):
    loaded = tf.saved_model.load(str(model))
    found = by_name({v.name: v.numpy() for s in loaded.signatures.values() for v in s.variables})
    if inputs.exists():
        feeds = {name: tf.constant(array) for name, array in np.load(inputs).items()}
        signature = loaded.signatures["serving_default"]
        found.update({f"out|{name}": value.numpy() for name, value in signature(**feeds).items()})
        import keras

        layer = keras.layers.TFSMLayer(str(model), call_endpoint="serving_default")
        found.update({f"keras|{name}": value.numpy() for name, value in layer(*feeds.values()).items()})
    return found


def read_in_session(model):
    with tf.Graph().as_default(), v1.Session() as session:
        v1.saved_model.load(session, ["serve"], str(model))
        return by_name({v.name: session.run(v) for v in v1.global_variables()})


for model in pathlib.Path(sys.argv[1]).iterdir():
    if not model.is_dir():
        continue
    folder, name = model.parent, model.name
    in_session = name.endswith("v1")
    np.savez(folder / f"{name}.npz", **(
        read_in_session(model) if in_session else read(model, folder / f"{name}.in.npz")))
