"""The line-JSON protocol of tools/bench/protocol.ts for a peer in Python: one request a line on stdin, one reply a line on stdout.

A peer hands `serve` two functions. `open(request)` returns a sentence about what it is. `run(prefix, warm, traces)` returns
`[trace][step] -> Step`. Everything that a library prints goes to stderr, or it would be taken for a reply.
"""
import json
import os
import sys
import time


class Clock:
    """Seconds since the run began: of the wall, and of this process's threads and children together."""

    def __init__(self):
        self.wall0, self.cpu0 = time.perf_counter(), cpu_seconds()

    def wall(self):
        return time.perf_counter() - self.wall0

    def cpu(self):
        return cpu_seconds() - self.cpu0


def cpu_seconds():
    # Asked for at every token, inside what is timed: no more than one call of the system.
    return time.process_time()


def children():
    try:
        with open(f'/proc/self/task/{os.getpid()}/children') as f:
            return f.read().split()
    except OSError:
        return []


def rss_bytes():
    total = 0
    for pid in ['self', *children()]:
        try:
            with open(f'/proc/{pid}/statm') as f:
                total += int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
        except OSError:
            pass
    return total


class Step:
    """One step of one trace: when it was submitted, when each token came, and which tokens."""

    def __init__(self, clock):
        self.submitS, self.cpuSubmitS = clock.wall(), clock.cpu()
        self.times, self.tokens, self.cpuFirstS, self.cpuEndS = [], [], 0.0, 0.0

    def add(self, clock, tokens):
        if not self.tokens:
            self.cpuFirstS = clock.cpu()
        self.tokens += [int(token) for token in tokens]
        self.times += [clock.wall()] * len(tokens)
        self.cpuEndS = clock.cpu()


def serve(open, run):
    replies = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if request['op'] == 'quit':
            break
        try:
            if request['op'] == 'open':
                reply = {'ok': True, 'about': open(request)}
            else:
                steps = run(request['prefix'], request['warm'], request['traces'])
                reply = {'ok': True, 'steps': [[vars(step) for step in trace] for trace in steps]}
        except Exception as error:  # told to the bench, which goes on
            reply = {'ok': False, 'error': f'{type(error).__name__}: {error}'}
        replies.write(json.dumps({**reply, 'rssBytes': rss_bytes()}) + '\n')
    os._exit(0)
