// What reading checkpoints takes of the C API; see capi.h.

#ifndef NDFLOW_TFC_CAPI_CHECKPOINT_H_
#define NDFLOW_TFC_CAPI_CHECKPOINT_H_

#ifndef NDF_HAVE_TF_HEADERS

typedef struct TF_CheckpointReader TF_CheckpointReader;

#endif  // NDF_HAVE_TF_HEADERS

#define NDF_CAPI_CHECKPOINT(F, V)                                              \
  F(TF_CheckpointReader *, TF_NewCheckpointReader,                             \
    (const char *filename, TF_Status *status), (filename, status))             \
  V(TF_DeleteCheckpointReader, (TF_CheckpointReader * reader), (reader))       \
  F(int, TF_CheckpointReaderSize, (TF_CheckpointReader * reader), (reader))    \
  F(const char *, TF_CheckpointReaderGetVariable,                              \
    (TF_CheckpointReader * reader, int index), (reader, index))                \
  F(TF_DataType, TF_CheckpointReaderGetVariableDataType,                       \
    (TF_CheckpointReader * reader, const char *name), (reader, name))          \
  F(int, TF_CheckpointReaderGetVariableNumDims,                                \
    (TF_CheckpointReader * reader, const char *name), (reader, name))          \
  V(TF_CheckpointReaderGetVariableShape,                                       \
    (TF_CheckpointReader * reader, const char *name, int64_t *dims,            \
     int num_dims, TF_Status *status),                                         \
    (reader, name, dims, num_dims, status))                                    \
  F(TF_Tensor *, TF_CheckpointReaderGetTensor,                                 \
    (TF_CheckpointReader * reader, const char *name, TF_Status *status),       \
    (reader, name, status))

#endif  // NDFLOW_TFC_CAPI_CHECKPOINT_H_
