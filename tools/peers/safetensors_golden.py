"""Makes kernels/model/golden/reference.safetensors: a tensor of each dtype, written by the reference library.

    pip install safetensors==0.8.0 ml_dtypes==0.6.0
    python tools/peers/safetensors_golden.py kernels/model/golden/reference.safetensors

Each is [2, 8] and holds (i - 8) / 2 at place i, which every dtype has exactly.
"""

import pathlib
import sys

import ml_dtypes
import numpy
import safetensors

DTYPES = {
    "f32": ("float32", numpy.float32),
    "f16": ("float16", numpy.float16),
    "bf16": ("bfloat16", ml_dtypes.bfloat16),
    "f8_e4m3": ("float8_e4m3fn", ml_dtypes.float8_e4m3fn),
    "f8_e5m2": ("float8_e5m2", ml_dtypes.float8_e5m2),
}


def main(out_path: str) -> None:
    values = (numpy.arange(16, dtype=numpy.float32) - 8) / 2
    arrays = {name: values.astype(kind) for name, (_, kind) in DTYPES.items()}  # The writer reads them where they are.
    tensors = {
        name: safetensors.TensorSpec(dtype=DTYPES[name][0], shape=[2, 8], data_ptr=array.ctypes.data, data_len=array.nbytes)
        for name, array in arrays.items()
    }
    pathlib.Path(out_path).write_bytes(safetensors.serialize(tensors, {"format": "pt"}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
