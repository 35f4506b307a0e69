"""vLLM's CPU build as a bench subject: its engine in this process, prefix caching and chunked prefill on, stepped by hand."""
import os
import sys

os.environ.update({'HF_HUB_OFFLINE': '1', 'VLLM_ENABLE_V1_MULTIPROCESSING': '0', 'VLLM_LOGGING_LEVEL': 'WARNING', 'VLLM_NO_USAGE_STATS': '1', 'DO_NOT_TRACK': '1'})
os.environ.setdefault('VLLM_CPU_KVCACHE_SPACE', '4')
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from peer import Clock, Step, serve  # noqa: E402

engine = None
runs = 0


def open_model(request):
    global engine
    import vllm
    from vllm import EngineArgs, LLMEngine
    engine = LLMEngine.from_engine_args(EngineArgs(
        model=request['model'], skip_tokenizer_init=True, dtype=request.get('variant') or 'bfloat16', max_model_len=request['contextTokens'],
        max_num_seqs=request['sequencesMax'], enable_prefix_caching=True, enable_chunked_prefill=True))
    return f'vllm {vllm.__version__}, {request.get("variant") or "bfloat16"}, prefix caching, chunked prefill'


def run(prefix, warm, traces):
    if warm:
        clock = Clock()
        finish({submit(prefix, 1): Step(clock)}, clock)
    clock = Clock()
    histories = [list(prefix) for _ in traces]
    told = [[] for _ in traces]
    running = {}  # request id -> (trace, step)

    def begin(index):
        step = traces[index]['steps'][len(told[index])]
        histories[index] += step['append']
        told[index].append(Step(clock))
        running[submit(histories[index], step['generate'])] = index

    for index in range(len(traces)):
        begin(index)
    while running:
        for output in engine.step():
            index = running[output.request_id]
            step = told[index][-1]
            tokens = list(output.outputs[0].token_ids)
            step.add(clock, tokens[len(step.tokens):])
            if output.finished:
                del running[output.request_id]
                histories[index] += step.tokens
                if len(told[index]) < len(traces[index]['steps']):
                    begin(index)
    return told


def finish(running, clock):
    while running:
        for output in engine.step():
            if output.finished:
                del running[output.request_id]


def submit(tokens, generate):
    global runs
    from vllm import SamplingParams, TokensPrompt
    runs += 1
    params = SamplingParams(temperature=0, max_tokens=generate, min_tokens=generate, ignore_eos=True, detokenize=False)
    engine.add_request(str(runs), TokensPrompt(prompt_token_ids=list(tokens)), params)
    return str(runs)


serve(open_model, run)
