/** Files that are made from the code, formatted as they lie in the tree. */
import { format, resolveConfig } from 'prettier';
import { fileURLToPath } from 'node:url';
import { configurationPage } from './configuration-page.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';
import { metricsPage } from './metrics-page.ts';
import { wireSchemasModule } from './wire-schemas.ts';

/** The root of the project, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const MARK = '<!-- Made by npm run docs; edit the code that it is made from. -->\n\n';

/** Path from the root → text. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const options = await resolveConfig(`${ROOT}README.md`);
  const files = {
    'docs/metrics.md': MARK + metricsPage(),
    'docs/configuration.md': MARK + configurationPage(),
    'src/http/openapi/wire-schemas.ts': wireSchemasModule(),
    'config/grafana/dashboards/swarmcast.json': JSON.stringify(grafanaDashboard()),
  };
  const formatted = Object.entries(files).map(
    async ([path, text]) => [path, await format(text, { ...options, filepath: path })] as const,
  );
  return Object.fromEntries(await Promise.all(formatted));
}
