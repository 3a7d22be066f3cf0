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
import * as frames from '../../../src/protocol/frames.ts';
import { LANE_SEEDS, UNHASHED } from '../../../src/protocol/state-hash.ts';

const SRC = new URL('../../../src/', import.meta.url);
/** Where the shapes of server messages and their records are declared. */
const DECLARATIONS = [
  'protocol/server-messages.ts',
  ...['agent', 'server', 'swarm', 'link', 'task', 'message', 'health', 'provenance'].map((name) => `model/${name}.ts`),
];

/** Types, interfaces and vocabularies of a module, without comments and layout. Functions don't travel. */
function declarations(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(new URL(path, SRC), 'utf8'), ts.ScriptTarget.ES2023, true);
  const printer = ts.createPrinter({ removeComments: true });
  return source.statements
    .filter(
      (each) => ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each) || ts.isVariableStatement(each),
    )
    .map((each) => printer.printNode(ts.EmitHint.Unspecified, each, source).replaceAll(/\s+/g, ' '))
    .toSorted();
}

function contract(): unknown {
  const numbers = Object.entries(frames).filter(([, value]) => typeof value !== 'function');
  return {
    client: Object.fromEntries(
      Object.entries(clientPayloads).map(([type, schema]) => [type, z.toJSONSchema(schema, { io: 'input' })]),
    ),
    server: DECLARATIONS.map((path) => declarations(path)),
    frames: Object.fromEntries(numbers),
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
