import type { HubLimits } from './hub.ts';

/**
 * What went wrong with the hub. `passing`: the same may work in a moment. `whole`: the server does not send parts of a
 * file. `denied`, `missing`, `odd` (an answer that is none): asking again would not help.
 */
export class HubFault extends Error {
  override readonly name = 'HubFault';
  readonly kind: 'passing' | 'whole' | 'denied' | 'missing' | 'odd';
  constructor(kind: HubFault['kind'], message: string) { super(message); this.kind = kind; }
}

/** An answer of the API, as opposed to a file. */
const apiBytesMax = 32 << 20;

/**
 * A `fetch` with deadlines for the hub's package, whose own has none. The package turns some errors into texts on their
 * way: the last fault is kept here, and `faultOf` finds it again.
 */
export function guardedFetch(limits: HubLimits, hasToken: boolean): { readonly fetch: typeof fetch; faultOf(error: unknown, repo: string): HubFault } {
  let last: HubFault | null = null;
  const note = (fault: HubFault): HubFault => { last = fault; return fault; };

  const guarded: typeof fetch = async (input, init) => {
    last = null;
    const url = new URL(input instanceof Request ? input.url : input);
    const range = new Headers(init?.headers).get('range');
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), limits.answerMs);
    let response: Response;
    try {
      response = await fetch(input, { ...init, signal: stop.signal });
    } catch (error) {
      throw note(new HubFault('passing', stop.signal.aborted ? `${url.host} did not answer within ${limits.answerMs / 1000} s` : `${url.host} cannot be reached: ${reasonOf(error)}`));
    } finally {
      clearTimeout(timer);
    }
    const { status, headers, body } = response;
    // The probe for a file's size: whoever does not know ranges would send the file.
    if (range === 'bytes=0-0' && response.ok) {
      stop.abort();
      return new Response(null, { status, headers });
    }
    const isNoEntry = status === 404 && headers.get('X-Error-Code') === 'EntryNotFound';
    const fault = response.ok || isNoEntry ? misfit(response, range) : faultOfStatus(response, url.host, hasToken);
    if (fault !== null) { stop.abort(); throw note(fault); }
    const bytesMax = url.pathname.includes('/api/') ? apiBytesMax : Number.POSITIVE_INFINITY;
    return new Response(watched(body, stop, { host: url.host, stallMs: limits.stallMs, bytesMax }, note), { status, headers });
  };

  return {
    fetch: guarded,
    faultOf(error, repo) {
      const fault = error instanceof HubFault ? error : last;
      return new HubFault(fault?.kind ?? 'odd', `${repo}: ${(fault ?? { message: `the hub's answer is not understood (${reasonOf(error)})` }).message.replace(`${repo}: `, '')}`);
    },
  };
}

/** A part was asked for and something else came, or nothing at all. */
function misfit({ status, headers, body }: Response, range: string | null): HubFault | null {
  if (status === 204 || status === 205 || body === null) return new HubFault('odd', `an answer without content (HTTP ${status})`);
  if (range === null) return null;
  const first = /^bytes=(\d+)-/.exec(range)?.[1];
  return status === 206 && headers.get('content-range')?.startsWith(`bytes ${first}-`) === true ? null : new HubFault('whole', `the server does not send parts of a file (HTTP ${status})`);
}

function faultOfStatus({ status, headers }: Response, host: string, hasToken: boolean): HubFault {
  const code = headers.get('X-Error-Code');
  if (status === 401 || status === 403) {
    return new HubFault('denied', `${host} refuses access (HTTP ${status}): ${hasToken ? 'the token in HF_TOKEN may not read it' : 'there is no such repository, or it needs a token in HF_TOKEN'}${code === 'GatedRepo' ? '; its terms have to be accepted on its page first' : ''}`);
  }
  if (status === 404) return new HubFault('missing', `${host} has no such ${code === 'RevisionNotFound' ? 'revision' : 'repository'} (HTTP 404)`);
  return new HubFault(status === 408 || status === 429 || status >= 500 ? 'passing' : 'odd', `${host} answers with HTTP ${status}`);
}

/** The body, given up when nothing comes for too long, or when more comes than any answer has. */
function watched(body: ReadableStream<Uint8Array> | null, stop: AbortController, { host, stallMs, bytesMax }: { readonly host: string; readonly stallMs: number; readonly bytesMax: number }, note: (fault: HubFault) => HubFault): ReadableStream<Uint8Array> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let isLate = false;
      const timer = setTimeout(() => { isLate = true; stop.abort(); }, stallMs);
      try {
        const { done, value } = await reader.read();
        if (done) { controller.close(); return; }
        bytes += value.length;
        if (bytes > bytesMax) throw note(new HubFault('odd', `${host} answers with more than ${bytesMax} bytes`));
        controller.enqueue(value);
      } catch (error) {
        stop.abort();
        controller.error(error instanceof HubFault ? error : note(new HubFault('passing', isLate ? `${host} sent nothing for ${stallMs / 1000} s` : `${host} broke off: ${reasonOf(error)}`)));
      } finally {
        clearTimeout(timer);
      }
    },
    cancel() { stop.abort(); },
  });
}

/** Node says "fetch failed" and keeps the reason in `cause`. */
function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code;
    if (at.cause === undefined) return (code === undefined ? at.message : `${at.message === '' ? '' : `${at.message} `}(${code})`).split('\n')[0] ?? '';
  }
  return String(error);
}
