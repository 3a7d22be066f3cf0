/** The part of the WebAssembly interface that the kernel's host uses; Node has it, but @types/node doesn't say so. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
    /** @param delta pages of 64 KiB. @throws {RangeError} beyond the maximum. */
    grow(delta: number): number;
  }
  type Module = object;
  const Module: new (bytes: Uint8Array) => Module;
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: unknown;
  }
}
