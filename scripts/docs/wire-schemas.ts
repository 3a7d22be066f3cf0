/** JSON Schemas of what the gateway sends, from its TypeScript declarations (src/protocol/server-messages.ts). */
import ts from 'typescript';
import { fileURLToPath } from 'node:url';

type Schema = Record<string, unknown>;

const ENTRY = fileURLToPath(new URL('../../src/protocol/server-messages.ts', import.meta.url));

/** `payloads`: by message type. `schemas`: the records that they refer to as `#/components/schemas/<name>`. */
function wireSchemas(): { payloads: Record<string, Schema>; schemas: Record<string, Schema> } {
  const program = ts.createProgram([ENTRY], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: false,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(ENTRY);
  const declared = source?.statements.find(
    (each): each is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(each) && each.name.text === 'ServerPayloads',
  );
  if (declared === undefined) throw new Error('no ServerPayloads in src/protocol/server-messages.ts');
  const reader = new SchemaReader(checker);
  const payloads = checker
    .getTypeAtLocation(declared)
    .getProperties()
    .map((property) => [property.name, reader.read(checker.getTypeOfSymbolAtLocation(property, declared))] as const);
  return { payloads: Object.fromEntries(payloads), schemas: Object.fromEntries(reader.named) };
}

/** src/http/openapi/wire-schemas.ts: as one line of JSON, since it is data, and the running gateway has no declarations. */
export function wireSchemasModule(): string {
  const json = JSON.stringify(JSON.stringify(wireSchemas()));
  return `/** What the gateway sends, as JSON Schemas. Made by npm run docs from src/protocol/server-messages.ts. */
export const WIRE_SCHEMAS = JSON.parse(${json}) as {
  payloads: Record<string, Record<string, unknown>>;
  schemas: Record<string, Record<string, unknown>>;
};
`;
}

class SchemaReader {
  readonly named = new Map<string, Schema>();
  readonly #checker: ts.TypeChecker;

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  read(type: ts.Type): Schema {
    if (type.isUnion()) return this.#union(type.types);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if ((type.flags & ts.TypeFlags.BooleanLiteral) !== 0) return { const: this.#checker.typeToString(type) === 'true' };
    if ((type.flags & ts.TypeFlags.String) !== 0) return { type: 'string' };
    if ((type.flags & ts.TypeFlags.Number) !== 0) return { type: 'number' };
    if ((type.flags & ts.TypeFlags.Null) !== 0) return { type: 'null' };
    if ((type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0) return {};
    if (this.#checker.isArrayType(type)) return { type: 'array', items: this.read(this.#argument(type)) };
    return this.#object(type);
  }

  #union(types: readonly ts.Type[]): Schema {
    const some = types.filter((each) => (each.flags & ts.TypeFlags.Undefined) === 0);
    const [first] = some;
    if (first !== undefined && some.length === 1) return this.read(first);
    const schemas = some.map((each) => this.read(each));
    const words = schemas.map((schema) => schema['const']);
    if (words.every((word) => typeof word === 'boolean')) return { type: 'boolean' };
    if (words.every((word) => typeof word === 'string')) return { type: 'string', enum: words };
    return { anyOf: schemas };
  }

  /** Interfaces with a name of their own become components; anonymous and mapped types stay where they are. */
  #object(type: ts.Type): Schema {
    const name = type.symbol?.name;
    const isNamed =
      name !== undefined &&
      /^[A-Z]\w+$/.test(name) &&
      type.aliasSymbol === undefined &&
      !type.symbol.name.startsWith('__');
    if (!isNamed) return this.#fields(type);
    if (!this.named.has(name)) {
      this.named.set(name, {});
      this.named.set(name, this.#fields(type));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #fields(type: ts.Type): Schema {
    const values = this.#checker.getIndexTypeOfType(type, ts.IndexKind.String);
    if (values !== undefined) return { type: 'object', additionalProperties: this.read(values) };
    const properties = type.getProperties().map((property) => {
      const of = this.#checker.getTypeOfSymbol(property);
      const doc = ts.displayPartsToString(property.getDocumentationComment(this.#checker)).replaceAll(/\s+/g, ' ');
      const schema = this.read(of);
      const isPlain = doc !== '' && !('$ref' in schema);
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      return { name: property.name, schema: isPlain ? { ...schema, description: doc } : schema, isOptional };
    });
    const required = properties.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
    return {
      type: 'object',
      properties: Object.fromEntries(properties.map(({ name, schema }) => [name, schema])),
      ...(required.length === 0 ? {} : { required }),
    };
  }

  #argument(type: ts.Type): ts.Type {
    const [argument] = this.#checker.getTypeArguments(type as ts.TypeReference);
    if (argument === undefined) throw new Error('an array without a type of its items');
    return argument;
  }
}
