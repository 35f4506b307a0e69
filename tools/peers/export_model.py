"""The weights of a GGUF file, dequantised, as peers read them: a folder in bf16 for transformers, vLLM and OpenVINO's exporter, or Q8_0.

    python tools/peers/export_model.py FILE.gguf OUT bf16|q8_0

Both round the dequantised four-bit weights once more: to 8 bits of mantissa, or to int8 per 32; both are closer to the file than the file to the model.
"""
import os
import sys

os.environ['HF_HUB_OFFLINE'] = '1'


def to_folder(source, out):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
    folder, file = os.path.split(source)
    read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    config = read.config.to_dict()
    config.pop('quantization_config', None)  # or transformers refuses to write what it has dequantised
    model = LlamaForCausalLM(LlamaConfig.from_dict(config))
    model.load_state_dict(read.state_dict())
    model = model.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(out)


def to_q8_0(source, out):
    from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, quants
    read = GGUFReader(source)
    write = GGUFWriter(out, read.fields['general.architecture'].contents())
    for field in read.fields.values():
        if not field.name.startswith('GGUF.') and field.name != 'general.architecture':
            sub_type = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            write.add_key_value(field.name, field.contents(), field.types[0], sub_type=sub_type)
    for tensor in read.tensors:
        plain = tensor.tensor_type == GGMLQuantizationType.F32
        kind = GGMLQuantizationType.F32 if plain else GGMLQuantizationType.Q8_0
        values = quants.dequantize(tensor.data, tensor.tensor_type).astype('float32')
        write.add_tensor(tensor.name, quants.quantize(values, kind), raw_dtype=kind)
    write.write_header_to_file()
    write.write_kv_data_to_file()
    write.write_tensors_to_file()
    write.close()


source, out, format = sys.argv[1:4]
{'bf16': to_folder, 'q8_0': to_q8_0}[format](source, out)
