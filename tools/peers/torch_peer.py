"""torch + transformers as a bench subject: eager, scaled-dot-product attention, its own key-value cache.

Traces whose steps have the same lengths run as one batch in lock step (the best that `model(...)` can do without a scheduler);
others would have to run one after the other, and no scenario asks for that.
"""
import os
import sys

os.environ['HF_HUB_OFFLINE'] = '1'
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, DynamicCache  # noqa: E402
import transformers  # noqa: E402
from peer import Clock, Step, serve  # noqa: E402

model = None


def open_model(request):
    global model
    torch.set_num_threads(request['threads'])
    dtype = getattr(torch, request.get('variant') or 'bfloat16')
    model = AutoModelForCausalLM.from_pretrained(request['model'], dtype=dtype, attn_implementation='sdpa').eval()
    return f'torch {torch.__version__}, transformers {transformers.__version__}, {dtype}, sdpa'


@torch.inference_mode()
def run(prefix, warm, traces):
    lengths = {tuple((len(step['append']), step['generate']) for step in trace['steps']) for trace in traces}
    if len(lengths) != 1:
        raise ValueError('traces with steps of different lengths do not fit one batch')
    cache = read_prefix(prefix, len(traces)) if warm else None
    clock = Clock()
    told = [[] for _ in traces]
    submitted = [Step(clock) for _ in traces]
    if not warm:
        cache = read_prefix(prefix, len(traces))
    last = None
    for index in range(len(traces[0]['steps'])):
        steps = submitted if index == 0 else [Step(clock) for _ in traces]
        appended = torch.tensor([trace['steps'][index]['append'] for trace in traces])
        if last is not None:
            appended = torch.cat([last, appended], dim=1)
        for _ in range(traces[0]['steps'][index]['generate']):
            out = model(appended, past_key_values=cache, logits_to_keep=1)
            last = appended = out.logits[:, -1].argmax(-1, keepdim=True)
            for step, token in zip(steps, last[:, 0].tolist()):
                step.add(clock, [token])
        for row, step in zip(told, steps):
            row.append(step)
    return told


def read_prefix(prefix, copies):
    """The shared prefix is computed once and copied into every row of the batch."""
    cache = DynamicCache(config=model.config)
    if prefix:
        model(torch.tensor([prefix]), past_key_values=cache, logits_to_keep=1)
        if copies > 1:
            cache.batch_repeat_interleave(copies)
    return cache


serve(open_model, run)
