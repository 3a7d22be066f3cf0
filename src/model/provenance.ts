/**
 * Where a field's value came from. `reported`: the server said it (the default, not listed). `derived`: computed here
 * from what it said. `simulated`: a value that the server is known to invent (constants, random numbers).
 */
export type FieldSource = 'reported' | 'derived' | 'simulated';

/** Field name → source, listed only where it is not `reported`. A missing field is absent, never a default. */
export type Provenance = Record<string, FieldSource>;
