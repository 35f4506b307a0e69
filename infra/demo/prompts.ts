import type { Folder } from './sample.ts';

/** What a review looks for: each differs from the first message on, as two agents at one job do. */
export interface Focus { readonly name: string; readonly pattern: RegExp }

const foci: readonly Focus[] = [
  { name: 'how errors are found and told', pattern: /throw|refuse|fault|assert|catch/ },
  { name: 'limits, deadlines and bounds', pattern: /max|limit|deadline|bound|Ms\b/i },
  { name: 'names and comments', pattern: /\/\/|\/\*\*/ },
  { name: 'what is shared and what is copied', pattern: /const|readonly|slice|\.\.\./ },
];

/** From the ninth review on the foci come again, numbered, so that no two conversations are alike. */
export function focusOf(review: number): Focus {
  const focus = foci[review % foci.length] as Focus;
  const round = Math.floor(review / foci.length);
  return round === 0 ? focus : { ...focus, name: `${focus.name} (reviewer ${round + 1})` };
}

export const system = [
  'You are a careful code reviewer. You work on one folder at a time and you see its files one after another through tools.',
  'The tools are list (the files of a folder), read (the beginning of a file) and grep (lines that match a pattern).',
  'Their output comes in square brackets. After each of them you write what you learned in two or three plain sentences:',
  'what the code is for, what it depends on, and one thing that could be better. You never repeat the code, you never invent files,',
  'and you keep in mind what you read before, because in the end you write a summary of the whole folder.',
].join(' ');

/** What an agent may answer, in tokens. */
export const answerTokens = { plan: 48, note: 64, summary: 96, join: 96, report: 160 } as const;

export const asks = {
  plan: (focus: Focus, folders: readonly Folder[]) => `Review a repository with an eye on ${focus.name}.\n[list .]\n${folders.map((folder) => `${folder.path}  ${folder.files.length} files`).join('\n')}\nEach folder goes to a subagent. In one sentence: what should they look for?`,
  begin: (focus: Focus, listed: string) => `Review this folder with an eye on ${focus.name}.\n${listed}\nWhat do you expect in it?`,
  note: (read: string) => `${read}\nWhat did you learn from this file?`,
  summary: (grepped: string) => `${grepped}\nNow write the summary of the whole folder.`,
  join: (summaries: readonly { readonly folder: string; readonly text: string }[]) => `The subagents are done.\n${summaries.map(({ folder, text }) => `[${folder}]\n${text}`).join('\n')}\nWhat do the folders have in common?`,
  report: (focus: Focus) => `Write the report of the review: what the repository does, what is good about ${focus.name}, and what should change first.`,
} as const;
