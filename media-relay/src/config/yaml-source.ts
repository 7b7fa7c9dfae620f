// YAML 1.2 (core schema) with the place of every value. Tags beyond the core schema and several documents are refused.
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, ErrorCode, Node } from 'yaml';

import type { ConfigProblem } from './config-error.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlSource {
  readonly value: unknown;
  /** Where the value of a field stands, or the innermost one around it that the file has. */
  placeOf(path: readonly PropertyKey[]): Place;
  /** Where the last key of the path stands. */
  placeOfKey(path: readonly PropertyKey[]): Place;
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Our words: those of the YAML library may quote the text, and with it a password. */
const messages: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'this alias (*name) has no anchor (&name) before it; put text that begins with * in quotes',
  BAD_DIRECTIVE: 'this directive is not understood; remove the line that begins with %',
  BAD_DQ_ESCAPE: 'this escape (\\) is not known; use single quotes, where \\ is an ordinary character',
  BAD_INDENT:
    'the indentation does not fit, or a bracket is not closed; align keys of one level in one column',
  BAD_SCALAR_START: 'text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'there is more than one ": " in this line; put the value in quotes, or begin a new line',
  DUPLICATE_KEY: 'this key was given before; remove one of the two',
  MISSING_CHAR: 'something is not closed or separated; look for a missing quote, bracket, comma or space',
  MULTIPLE_DOCS: 'a second document begins; remove the line ---',
  NON_STRING_KEY: 'a key must be plain text; put it in quotes',
  RESOURCE_EXHAUSTION: 'this is nested too deeply; write it flatter',
  TAB_AS_INDENT: 'a tab is used for indentation; use spaces',
  TAG_RESOLVE_FAILED: 'tags (!name) are not supported; put text that begins with ! in quotes',
};
const otherMessage = 'this is not YAML; compare it with the example in docs/CONFIGURATION.md';

/** More would let a few lines grow to gigabytes. */
const maxAliasCount = 50;

export function parseYaml(text: string, file: string): YamlResult {
  const lineCounter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (message: string, offset: number): ConfigProblem => {
    const [problem = message, remedy] = message.split('; ', 2);
    return { file, ...placeAt(offset), field: '', problem, remedy };
  };

  try {
    const document = parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
      merge: false,
    });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) {
      const problems = faults.map((fault) => refuse(messages[fault.code] ?? otherMessage, fault.pos[0]));
      return { ok: false, problems };
    }
    const refused = findRefused(document);
    if (refused.length > 0)
      return { ok: false, problems: refused.map(({ message, offset }) => refuse(message, offset)) };

    const value: unknown = document.toJS({ maxAliasCount });
    const root = document.contents;
    return {
      ok: true,
      source: {
        value,
        placeOf: (path) => placeAt(walk(root, path).node?.range?.[0] ?? 0),
        placeOfKey: (path) => placeAt(walk(root, path).key?.range?.[0] ?? 0),
      },
    };
  } catch (error) {
    // RangeError: the stack is exhausted. ReferenceError: more aliases than allowed.
    const message =
      error instanceof ReferenceError
        ? 'aliases (*name) stand for too much text; write it out'
        : 'this cannot be read; write it simpler';
    return { ok: false, problems: [refuse(message, 0)] };
  }
}

/** What neither the parser nor the schema complains about in a way that we could show. */
function findRefused(document: Document): { message: string; offset: number }[] {
  const refused: { message: string; offset: number }[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Pair(_, { key }) {
      // The schema would leave it out without a word.
      if (isScalar(key) && key.value === '__proto__')
        refused.push({
          message: 'this key is not allowed; choose another name',
          offset: key.range?.[0] ?? 0,
        });
    },
    Alias(_, { source, range }) {
      if (!anchors.has(source))
        refused.push({ message: messages.BAD_ALIAS ?? otherMessage, offset: range?.[0] ?? 0 });
    },
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
  });
  return refused;
}

interface Found {
  node: Node | null;
  key: Node | null;
}

/** As far along the path as the document goes. */
function walk(root: Node | null, path: readonly PropertyKey[]): Found {
  let found: Found = { node: root, key: root };
  for (const step of path) {
    const next = child(found.node, step);
    if (next === undefined) break;
    found = next;
  }
  return found;
}

function child(parent: Node | null, step: PropertyKey): Found | undefined {
  if (isSeq<Node>(parent)) {
    const node = parent.items[Number(step)];
    return node === undefined ? undefined : { node, key: node };
  }
  if (!isMap<Node, Node | null>(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  // An empty value has no place of its own: its key stands for it.
  return pair === undefined ? undefined : { node: pair.value ?? pair.key, key: pair.key };
}
