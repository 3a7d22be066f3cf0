/** The compiled kernel (assembly/index.ts) and what it offers. */
import { readFileSync } from 'node:fs';

/** Addresses are bytes from the start of the memory; swarms are addresses of rows. */
export interface KernelExports {
  tick(
    table: number,
    list: number,
    listed: number,
    first: number,
    moved: number,
    outgrown: number,
    outcome: number,
    scratch: number,
    time: number,
    timeMs: number,
    patience: number,
  ): void;
  /** One tick of one swarm without publication. @returns 1 when it completed a step. */
  step(swarm: number, scratch: number): number;
  /** Writes the repulsion on its bodies to their block. @returns 0 when the rest takes another call. */
  repel(swarm: number, scratch: number): number;
  ticksPerStep(swarm: number): number;
  /** Shakes bodies by next to nothing, so that coincident ones can part. */
  shake(swarm: number): void;
  scratchBytes(count: number): number;
  treeBytes(count: number): number;
  /** Prepares a tree for so many bodies; their order is to be written at {@link treeOrder}. */
  layOutTree(tree: number, count: number): void;
  treeOrder(tree: number): number;
}

export interface KernelImports {
  /** Asked between swarms; 0 ends the tick. */
  hasTime: (swarm: number) => number;
}

// Sources (under vitest) have no kernel beside them: asc writes to dist/.
const URL_OF_KERNEL = import.meta.url.endsWith('.ts')
  ? new URL('../../../../dist/hub/layout/kernel/layout.wasm', import.meta.url)
  : new URL('layout.wasm', import.meta.url);

// Code, loaded with the module that needs it. Once per thread; compiling takes less than a millisecond.
const KERNEL = new WebAssembly.Module(readFileSync(URL_OF_KERNEL));

/** A kernel that works in `memory`. */
export function instantiateKernel(memory: WebAssembly.Memory, imports: KernelImports): KernelExports {
  const instance = new WebAssembly.Instance(KERNEL, { env: { memory, abort }, host: { hasTime: imports.hasTime } });
  return instance.exports as KernelExports;
}

function abort(): never {
  throw new Error('the layout kernel aborted');
}
