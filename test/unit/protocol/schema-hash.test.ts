/**
 * The wire contract has a number. Whoever changes what travels must raise {@link PROTOCOL_VERSION} and record the new
 * hash in test/fixtures/protocol/schema-hashes.json; hashes of released versions stay as they are.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalJson } from '../../../src/protocol/canonical-json.ts';
import { clientPayloads, PROTOCOL_VERSION, SUBPROTOCOLS } from '../../../src/protocol/client-messages.ts';
import { CLOSE_CODES } from '../../../src/protocol/close-codes.ts';
import { ERROR_CODES } from '../../../src/protocol/error-codes.ts';
import {
  FLAG_FULL,
  FRAME_HEADER_BYTES,
  FRAME_KIND,
  FRAME_MAGIC,
  MAX_FRAME_BYTES,
  MAX_SECTION_RECORDS,
  RAW28_RECORD_BYTES,
  SECTION_HEADER_BYTES,
} from '../../../src/protocol/frames.ts';
import { LANE_SEEDS, UNHASHED } from '../../../src/protocol/state-hash.ts';

const SRC = new URL('../../../src/', import.meta.url);
/** Where the shapes of server messages and their records are declared. */
const DECLARATIONS = [
  'protocol/server-messages.ts',
  ...['agent', 'server', 'swarm', 'link', 'task', 'message', 'swarm-event', 'health', 'provenance'].map(
    (name) => `model/${name}.ts`,
  ),
];

/**
 * Types and interfaces of a module as text, without comments, layout and `export`; a vocabulary that is derived from a
 * list counts as the union of its words. So only what travels takes part, not how its source is arranged.
 */
function declarations(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(new URL(path, SRC), 'utf8'), ts.ScriptTarget.ES2023, true);
  const printer = ts.createPrinter({ removeComments: true });
  const print = (node: ts.Node): string =>
    printer.printNode(ts.EmitHint.Unspecified, node, source).replaceAll(/\s+/g, ' ');
  return source.statements
    .filter((each) => ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each))
    .map((each) => {
      if (ts.isInterfaceDeclaration(each)) return print(each).replace(/^export /, '');
      const words = ts.isUnionTypeNode(each.type) ? each.type.types.map(print) : wordsOf(each.type, source);
      return `type ${each.name.text} = ${(words ?? [print(each.type)]).toSorted().join(' | ')}`;
    })
    .toSorted();
}

/** The words of `(typeof LIST)[number]`. */
function wordsOf(type: ts.TypeNode, source: ts.SourceFile): string[] | undefined {
  const list = /^\(typeof (\w+)\)\[number\]$/.exec(type.getText(source))?.[1];
  if (list === undefined) return undefined;
  const words = new RegExp(`const ${list} = \\[([^\\]]*)\\]`).exec(source.text)?.[1];
  return words?.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));
}

function contract(): unknown {
  return {
    client: Object.fromEntries(
      Object.entries(clientPayloads).map(([type, schema]) => [type, z.toJSONSchema(schema, { io: 'input' })]),
    ),
    server: DECLARATIONS.map((path) => declarations(path)),
    frames: { FRAME_MAGIC, FRAME_HEADER_BYTES, SECTION_HEADER_BYTES, RAW28_RECORD_BYTES, FRAME_KIND, FLAG_FULL },
    bounds: { MAX_FRAME_BYTES, MAX_SECTION_RECORDS },
    hash: { UNHASHED, LANE_SEEDS },
    codes: { CLOSE_CODES, ERROR_CODES },
    subprotocols: SUBPROTOCOLS,
  };
}

test('a change of the wire schemas raises the protocol version', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('../../fixtures/protocol/schema-hashes.json', import.meta.url), 'utf8'),
  ) as Record<string, string>;
  const hash = createHash('sha256').update(canonicalJson(contract())).digest('hex');
  expect({ version: PROTOCOL_VERSION, hash }).toEqual({ version: PROTOCOL_VERSION, hash: recorded[PROTOCOL_VERSION] });
});
