/**
 * The URL of the worker thread entry `name` (without extension) beside `moduleUrl`. Threads do not inherit a TypeScript
 * loader on Node 20, so a module that runs from `src/` (tests) starts its threads from the built `dist/`.
 */
export function workerUrl(moduleUrl: string, name: string): URL {
  const url = new URL(`${name}.js`, moduleUrl);
  return moduleUrl.endsWith('.ts') ? new URL(url.href.replace(/\/src\/(?!.*\/src\/)/, '/dist/')) : url;
}
