"""Makes kernels/lib/golden/formats.bin: random blocks of every weight format, dequantised by public libraries.

    pip install gguf==0.19.0 ml_dtypes==0.6.0
    python tools/peers/formats_golden.py kernels/lib/golden/formats.bin

Little-endian: "SWQF", u32 version = 1, u32 formats; then for each format u32 number (as in kernels/lib/tensor_format.h),
u32 blocks, u32 values of a block, u32 bytes of a block, u8 raw[blocks][bytes], f32 values[blocks][values].
GGUF's formats are read by gguf.quants, FP8 (which a GGUF cannot hold) by ml_dtypes, all 256 bytes of it.
Bytes are drawn evenly, so some scales are NaN, infinite or subnormal.
"""

import pathlib
import struct
import sys

import ml_dtypes
import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

SEED = 20261121
VALUES = 1024  # Of each GGUF format: 4 blocks of 256.
GGUF_FORMATS = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"]
FP8_FORMATS = [(1 << 16, ml_dtypes.float8_e4m3fn), ((1 << 16) + 1, ml_dtypes.float8_e5m2)]


def section(number: int, block_values: int, block_bytes: int, raw: numpy.ndarray, values: numpy.ndarray) -> bytes:
    blocks = raw.size // block_bytes
    assert values.size == blocks * block_values
    return struct.pack("<4I", number, blocks, block_values, block_bytes) + raw.tobytes() + values.astype("<f4").tobytes()


def main(out_path: str) -> None:
    random = numpy.random.default_rng(SEED)
    parts = []
    for name in GGUF_FORMATS:
        kind = GGMLQuantizationType[name]
        block_values, block_bytes = GGML_QUANT_SIZES[kind]
        raw = random.integers(0, 256, VALUES // block_values * block_bytes, dtype=numpy.uint8)
        with numpy.errstate(all="ignore"):
            values = dequantize(raw.reshape(1, -1), kind).reshape(-1)
        parts.append(section(int(kind), block_values, block_bytes, raw, values))
        print(f"{name}: {values.size} values, {numpy.isfinite(values).sum()} finite")
    every_byte = numpy.arange(256, dtype=numpy.uint8)
    for number, kind in FP8_FORMATS:
        parts.append(section(number, 1, 1, every_byte, every_byte.view(kind).astype(numpy.float32)))
    pathlib.Path(out_path).write_bytes(b"SWQF" + struct.pack("<II", 1, len(parts)) + b"".join(parts))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
