// Package weights reads and writes the variables of models: of SavedModels, of
// checkpoints, of .npz and .npy files, and of models that are loaded.
//
// [Open] opens any of the files as a [Source], which lists its arrays and reads them
// one at a time, so that a checkpoint of 10 GB takes the memory of its largest tensor:
//
//	s, err := weights.Open("model/")
//	defer s.Close()
//	for _, info := range s.List() {
//		a, err := s.Read(info.Name)
//		...
//		a.Release() // gives the memory back at once
//	}
//
// [OpenFS] opens them out of an fs.FS. [WriteNPZ] writes what a source has to an archive.
// [SaveModel] is the way back: a copy of a SavedModel whose variables are the arrays of a
// source. [Of] and [Assign] are the same two for an [ndflow/eager.Model], which has Value
// and Assign for one variable.
//
// # Names
//
// A SavedModel's variables have the names that the model knows them by, which are those
// of [ndflow/eager.Model.Variables]: "network/hidden/kernel". They are read straight from
// the checkpoint in its folder, without running the model, though Keras 3 keeps them there
// under the paths of objects, "_layers/1/_kernel". Listed are the variables that its
// signatures use, and with [All] everything that was saved, an optimizer's momenta too. A
// variable of TensorFlow 1 in several parts is listed as the whole that was saved.
//
// A checkpoint's variables have the checkpoint's keys, without the
// "/.ATTRIBUTES/VARIABLE_VALUE" that ends those of TensorFlow 2.
//
// # Parts
//
// A variable can lie in several parts, along axis 0: in files w.part0.npy, w.part1.npy and
// so on, which [Open] reads as one array w, or in tensors on several devices. [Join] lands
// all parts in one array, at once.
package weights
