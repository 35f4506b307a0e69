/**
 * The same text with comments, strings and template text blanked, line by line in place, so that a ban sees code alone.
 * Code inside `${…}` stays. A regular expression literal is kept: telling it from a division needs a parser, and no ban has looked like one.
 */
export function codeOnly(text: string): string {
  let out = '';
  let i = 0;
  /** One entry for each open template whose `${` we are in: how many braces are open there. */
  const templates: number[] = [];
  const blank = (end: number) => { out += text.slice(i, end).replaceAll(/[^\n]/g, ' '); i = end; };
  const blankTemplateText = () => {
    blank(endOfTemplateText(text, i + 1));
    if (text[i - 1] === '{') templates.push(0);
  };
  while (i < text.length) {
    const one = text[i];
    const two = text.slice(i, i + 2);
    const depth = templates.at(-1);
    if (two === '//') blank(endOr(text, text.indexOf('\n', i)));
    else if (two === '/*') blank(endOr(text, text.indexOf('*/', i + 2), 2));
    else if (one === "'" || one === '"') blank(endOfString(text, i, one));
    else if (one === '`') blankTemplateText();
    else if (one === '}' && depth === 0) { templates.pop(); blankTemplateText(); }
    else {
      if (depth !== undefined && one === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && one === '}') templates[templates.length - 1] = depth - 1;
      out += one;
      i++;
    }
  }
  return out;
}

function endOr(text: string, at: number, plus = 0): number {
  return at < 0 ? text.length : at + plus;
}

/** Strings end at their quote or, unclosed (an apostrophe in a regular expression), at the end of the line. */
function endOfString(text: string, start: number, quote: string): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '\n') return i;
    else if (text[i] === quote) return i + 1;
  }
  return text.length;
}

/** After the closing backtick, or after the `${` that opens code again. */
function endOfTemplateText(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return i + 1;
    else if (text[i] === '$' && text[i + 1] === '{') return i + 2;
  }
  return text.length;
}
