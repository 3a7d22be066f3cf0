/** Pages of docs/ that are made from the code, formatted as they lie in the tree. */
import { format, resolveConfig } from 'prettier';
import { fileURLToPath } from 'node:url';
import { configurationPage } from './configuration-page.ts';
import { metricsPage } from './metrics-page.ts';

export const DOCS_FOLDER = fileURLToPath(new URL('../../docs/', import.meta.url));

/** File name in docs/ → text. */
export async function generatedPages(): Promise<Record<string, string>> {
  const options = await resolveConfig(fileURLToPath(new URL('../../README.md', import.meta.url)));
  const pages = { 'metrics.md': metricsPage(), 'configuration.md': configurationPage() };
  const formatted = Object.entries(pages).map(async ([name, text]) => {
    const marked = `<!-- Made by npm run docs; edit the code that it is made from. -->\n\n${text}`;
    return [name, await format(marked, { ...options, parser: 'markdown' })] as const;
  });
  return Object.fromEntries(await Promise.all(formatted));
}
