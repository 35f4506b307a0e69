"""OpenVINO GenAI as a bench subject: continuous batching with prefix caching, stepped by hand, fed with token ids."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy  # noqa: E402
import openvino  # noqa: E402
import openvino_genai  # noqa: E402
from peer import Clock, Step, serve  # noqa: E402

pipeline = None
runs = 0


def open_model(request):
    global pipeline
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 4  # GiB
    scheduler.max_num_seqs = request['sequencesMax']
    scheduler.max_num_batched_tokens = 512
    scheduler.dynamic_split_fuse = True
    precision = request['variant'].split('/')[-1]  # of 'int8/f32': weights in int8, everything else computed in f32
    pipeline = openvino_genai.ContinuousBatchingPipeline(
        request['model'], scheduler, 'CPU', {'INFERENCE_NUM_THREADS': request['threads'], 'INFERENCE_PRECISION_HINT': precision})
    return f'openvino-genai {openvino_genai.__version__}, {os.path.basename(request["model"])} executed in {precision}, continuous batching, prefix caching'


def run(prefix, warm, traces):
    if warm:
        finish(submit(prefix, 1))
    clock = Clock()
    histories = [list(prefix) for _ in traces]
    told = [[] for _ in traces]
    running = {}

    def begin(index):
        step = traces[index]['steps'][len(told[index])]
        histories[index] += step['append']
        told[index].append(Step(clock))
        running[index] = submit(histories[index], step['generate'])

    for index in range(len(traces)):
        begin(index)
    while running:
        pipeline.step()
        for index, handle in list(running.items()):
            if not handle.can_read():
                continue
            for output in handle.read().values():
                told[index][-1].add(clock, output.generated_ids)
            step = told[index][-1]
            if len(step.tokens) >= traces[index]['steps'][len(told[index]) - 1]['generate']:
                del running[index]
                histories[index] += step.tokens
                if len(told[index]) < len(traces[index]['steps']):
                    begin(index)
    return told


def finish(handle):
    while pipeline.has_non_finished_requests():
        pipeline.step()
        if handle.can_read():
            handle.read()


def submit(tokens, generate):
    global runs
    runs += 1
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = generate
    config.min_new_tokens = generate
    config.ignore_eos = True
    config.do_sample = False
    return pipeline.add_request(runs, openvino.Tensor(numpy.array([tokens], dtype=numpy.int64)), config)


serve(open_model, run)
