import { access, constants, mkdir } from 'node:fs/promises';
import { decodeBeat } from '../../../schemas/codec.ts';
import type { Beat } from '../../../schemas/messages.ts';
import { subjects } from '../../../schemas/subjects.ts';
import { loadNative } from '../../../kernels/native.ts';
import type { Config } from '../../config.ts';
import { findServerBinary } from '../../nats/server.ts';
import { findModel } from '../../models/find-model.ts';
import { progressOn } from '../../models/progress.ts';
import { readModel } from '../../text/read-model.ts';
import { Tokenizer } from '../../text/tokenizer.ts';
import { printLine, table, withReader } from './reader.ts';

interface Finding { readonly check: string; readonly isOk: boolean; readonly found: string }

const beatsMs = 1_500;

/** Looks at everything the program needs, one line each; exit code 1 when something is missing. */
export async function doctor(config: Config, isJson: boolean): Promise<number> {
  const findings = [
    await look('node', async () => `${process.version} on ${process.platform}-${process.arch}`),
    await look('cache', async () => { await mkdir(config.cache, { recursive: true }); await access(config.cache, constants.W_OK); return `${config.cache} is writable`; }),
    await look('engine', async () => `the addon loads; best instruction set ${loadNative().isa()}`),
    await look('model', () => modelText(config)),
    await look('nats-server', async () => {
      const found = await findServerBinary(process.env['SLACKWATER_NATS_SERVER']);
      if (!found.ok && config.nats.url === null) throw new Error(found.message);
      return found.ok ? `${found.version} at ${found.binary}` : 'none here; an existing NATS is used';
    }),
    ...(config.nats.url === null ? [] : [await look('fleet', () => fleetText(config))]),
  ];
  const isWell = findings.every((finding) => finding.isOk);
  if (isJson) printLine(JSON.stringify({ ok: isWell, checks: findings.map(({ check, isOk, found }) => ({ check, ok: isOk, found })) }));
  else printLine(table(['check', '', 'found'], findings.map(({ check, isOk, found }) => [check, isOk ? 'ok' : 'MISSING', found])));
  return isWell ? 0 : 1;
}

async function look(check: string, find: () => Promise<string>): Promise<Finding> {
  try {
    return { check, isOk: true, found: await find() };
  } catch (error) {
    return { check, isOk: false, found: error instanceof Error ? error.message : String(error) };
  }
}

/** Text side and weights: a file that is cut short, or of an unknown architecture, can have a faultless tokenizer. And the arena that is configured must hold it. */
async function modelText({ cache, model, worker }: Config): Promise<string> {
  const path = await findModel(model.path, { cache, env: process.env, progress: progressOn(process.stderr) });
  const facts = readModel(path);
  new Tokenizer(facts);
  const engine = loadNative().open({ modelPath: path, hbmBytes: worker.hbm, dramBytes: 0, threads: 1, backend: 'cpu', isa: 'auto', runningMax: 1, iterationTokensMax: 64 }, () => {});
  await engine.close();
  return `${facts.name} (${facts.architecture}), ${facts.contextLength} tokens, ${(facts.fileBytes / 2 ** 20).toFixed(0)} MiB`;
}

/** Whoever beats within a second and a half is there. */
async function fleetText(config: Config): Promise<string> {
  const beats = new Map<string, Beat>();
  const version = await withReader(config, 'doctor', 'nats', async ({ ports, connection }) => {
    ports.bus.listen(subjects(config.region).beats, (message) => {
      const beat = decodeBeat(message.bytes);
      if (beat.kind !== 'fault') beats.set(beat.node, beat);
    });
    await new Promise((resolve) => { setTimeout(resolve, beatsMs); });
    return connection.version;
  });
  const roles = [...beats.values()].map((beat) => `${beat.node} (${beat.role})`).sort().join(', ');
  if (![...beats.values()].some((beat) => beat.role === 'worker')) throw new Error(`nats-server ${version} at ${config.nats.url} answers, but no worker beats in region ${config.region}${roles === '' ? '' : `; there is ${roles}`}`);
  return `nats-server ${version}: ${roles}`;
}
